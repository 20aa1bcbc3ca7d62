package org.unlearn4j.study;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.unlearn4j.config.Pipeline;

/**
 * A search for settings: where, by what, and within which limits; see {@link #read}.
 *
 * @param base the pipeline whose settings are sought
 * @param shared changes to it, for the search and for what is found
 * @param tune changes for the search alone: whom it forgets instead
 * @param points drawn from the space
 * @param rungs parts of the epochs, rising to 1; after each but the last the better half goes on
 * @param seeds the first is that of the rungs, all of them that of what is left
 * @param goals one metric, or those of a Pareto front
 */
public record Sweep(
    String name,
    Path file,
    Path base,
    List<String> shared,
    List<String> tune,
    Space space,
    int points,
    List<Double> rungs,
    List<Long> seeds,
    Budget budget,
    List<Column> goals,
    List<Constraint> constraints) {

  public Sweep {
    shared = List.copyOf(shared);
    tune = List.copyOf(tune);
    rungs = List.copyOf(rungs);
    seeds = List.copyOf(seeds);
    goals = List.copyOf(goals);
    constraints = List.copyOf(constraints);
  }

  /** What may be spent on runs that unlearn; nothing said: all that is asked for. */
  record Budget(OptionalInt runs, OptionalDouble minutes) {}

  /** What a metric must be, or its size, for a result to count. */
  record Constraint(Column column, boolean least, double limit) {
    boolean holds(double value) {
      return least ? value >= limit : Math.abs(value) <= limit;
    }

    String words() {
      return least
          ? column.name() + " at least " + limit
          : "|" + column.name() + "| at most " + limit;
    }
  }

  /**
   * Reads a sweep file.
   *
   * <pre>
   * name: fable-npo
   * pipeline: pipeline/fable-floors.yaml
   * tune: {data.forget: tune10, data.retain: tune90, model.reference: runs/fable-tune-retain}
   * space:
   *   unlearn.learning_rate: {log: [1.0e-4, 1.0e-3]}
   *   unlearn.objective.pull: {range: [0.0, 8.0]}
   *   unlearn.objective.name: {choices: [NPO, SimNPO]}
   * points: 8
   * rungs: [0.25, 0.5, 1]
   * seeds: [0, 1, 2]
   * budget: {runs: 20}
   * constraints: {model_utility: {least: 0.75}, privleak: {most: 40}}
   * goals: [forget_quality]
   * </pre>
   *
   * @param sets further changes to the pipeline, each {@code a.b=c}
   * @throws org.unlearn4j.base.UserException naming every mistake at once, each with its line
   */
  public static Sweep read(Path file, List<String> sets) {
    return new SweepReader(file, sets).read();
  }

  /** The pipeline that a point is tried with. */
  Pipeline tried(Space.Point point, double rung, long seed) {
    List<String> sets = new ArrayList<>(shared);
    sets.addAll(tune);
    sets.addAll(space.overrides(point));
    sets.addAll(List.of("unlearn.seed=" + seed, "unlearn.seeds=1"));
    Pipeline whole = Pipeline.read(base, sets);
    int epochs = whole.unlearn().loop().epochs();
    int some = (int) Math.max(1, Math.round(rung * epochs));
    double warmup = Math.min(some, whole.unlearn().loop().warmupEpochs());
    Pipeline tried =
        some == epochs
            ? whole
            : whole.with("unlearn.epochs=" + some, "unlearn.warmup_epochs=" + warmup);
    return chosen(tried);
  }

  /** With the rule that the halving goes by, which decides what is delivered, too. */
  private static Pipeline chosen(Pipeline pipeline) {
    boolean rule = pipeline.unlearn().tuning().choose().isPresent();
    return rule ? pipeline : pipeline.with("unlearn.choose={}");
  }

  /** The pipeline with a point's settings, on the people whom it is for. */
  Pipeline found(Space.Point point) {
    List<String> sets = new ArrayList<>(shared);
    sets.addAll(space.overrides(point));
    sets.add("name=" + name);
    return chosen(Pipeline.read(base, sets));
  }

  Optional<Space.Point> first() {
    return space.points(1).stream().findFirst();
  }
}
