package org.unlearn4j.study;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.Standing;
import org.unlearn4j.base.TargetLock;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.PipelineStages;
import org.unlearn4j.job.RunProgress;
import org.unlearn4j.report.RunFolder;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.stage.Stage;
import org.unlearn4j.stage.StageGraph;

/**
 * Makes the runs of a sweep in a folder: each has a folder of its own, named by what it is made
 * from, so that none is made twice, whatever sweep file asks for it.
 */
public final class SweepRunner {
  private static final String RUNTIME = "tf";

  private final Sweep sweep;
  private final Path out;
  private final PrintStream log;
  private final Context context;

  public SweepRunner(Sweep sweep, Path out, PrintStream log) {
    this.sweep = sweep;
    this.out = out;
    this.log = log;
    this.context = Context.in(out, log);
  }

  /**
   * Makes what is missing and writes the page, {@code sweep.json} and {@code best.yaml}.
   *
   * @return the page
   * @throws org.unlearn4j.base.UserException if models or data are at fault
   * @throws org.unlearn4j.base.MachineException if a run fails; the sweep can go on later
   */
  public Path run() {
    return TargetLock.<Path, RuntimeException>holding(
        out.resolve("sweep"), log::println, this::locked);
  }

  private Path locked() {
    Optional<Path> reference = reference();
    SweepSearch.Found found = new SweepSearch(sweep, new Runs(reference, Optional.empty())).run();
    Map<Column, Double> target = reference.map(this::values).orElse(Map.of());
    return new SweepPage(sweep, found, new SweepChoice(sweep.goals(), target)).write(out);
  }

  /**
   * Makes a part of the runs, and no page. Parts may be made by several machines at once on a
   * shared folder. Which points go on is known only when a rung is whole: a part that is done with
   * its own runs makes those that nobody makes yet, and waits for the others. So it ends with the
   * search, and a machine that is lost keeps nobody. {@link #run} then finds all runs and has the
   * page.
   *
   * @return folders of the runs that it made, in order
   */
  public List<String> run(Shard shard) {
    return TargetLock.<List<String>, RuntimeException>holding(
        out.resolve("sweep-" + shard.fileName()),
        log::println,
        () -> {
          Runs runs = new Runs(reference(), Optional.of(shard));
          SweepSearch.Found ignored = new SweepSearch(sweep, runs).run();
          return List.copyOf(runs.made);
        });
  }

  /** All runs, or those of a part first. */
  private final class Runs implements SweepSearch.Laboratory {
    private final Optional<Path> reference;
    private final Optional<Shard> shard;
    private final Set<String> made = new LinkedHashSet<>();

    Runs(Optional<Path> reference, Optional<Shard> shard) {
      this.reference = reference;
      this.shard = shard;
    }

    @Override
    public SweepSearch.Tried unlearn(Pipeline pipeline) {
      return TargetLock.<SweepSearch.Tried, RuntimeException>holding(
          folder(pipeline).unlearned(), log::println, () -> unlearned(pipeline, made));
    }

    @Override
    public Map<Column, Double> evaluate(Pipeline pipeline) {
      return evaluated(pipeline, reference);
    }

    @Override
    public void ahead(List<Pipeline> runs, boolean evaluated) {
      if (shard.isPresent()) {
        List<Pipeline> own = new ArrayList<>();
        List<Pipeline> others = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
          (shard.get().has(i) ? own : others).add(runs.get(i));
        }
        own.forEach(pipeline -> ifFree(pipeline, evaluated));
        others.forEach(pipeline -> ifFree(pipeline, evaluated));
      }
    }

    private void ifFree(Pipeline pipeline, boolean evaluated) {
      Optional<SweepSearch.Tried> ignored =
          TargetLock.<SweepSearch.Tried, RuntimeException>ifFree(
              folder(pipeline).unlearned(), () -> make(pipeline, evaluated));
    }

    private SweepSearch.Tried make(Pipeline pipeline, boolean evaluated) {
      SweepSearch.Tried tried = unlearn(pipeline);
      if (evaluated) {
        Map<Column, Double> ignored = evaluate(pipeline); // which lie there then
      }
      return tried;
    }
  }

  /** One line a point, without making any run: of a part, those that it begins with. */
  public List<String> plan(Shard shard) {
    List<Pipeline> beginning =
        new SweepSearch(sweep, new Runs(Optional.empty(), Optional.empty())).beginning();
    List<String> lines = new ArrayList<>();
    for (Space.Point point : sweep.space().points(sweep.points())) {
      int run = beginning.indexOf(sweep.tried(point, sweep.rungs().get(0), sweep.seeds().get(0)));
      if (shard.equals(Shard.WHOLE) || (run >= 0 && shard.has(run))) {
        lines.add(point.number() + ": " + String.join(", ", sweep.space().overrides(point)));
      }
    }
    return lines;
  }

  private RunFolder folder(Pipeline pipeline) {
    String key = Hashes.sha256(pipeline.toYaml(Set.of("model", "data", "unlearn", "evaluate")));
    return new RunFolder(out.resolve("runs").resolve(key.substring(0, 16)));
  }

  /**
   * A run, made if it is not there.
   *
   * @param made to which its folder is added if it was made now
   */
  private SweepSearch.Tried unlearned(Pipeline pipeline, Set<String> made) {
    RunFolder folder = folder(pipeline);
    AtomicFiles.writeString(folder.pipeline(), pipeline.toYaml());
    String name = "unlearn " + out.relativize(folder.root());
    if (run(List.of(new PipelineStages(pipeline, context).unlearn(name, folder.unlearned())))) {
      made.add(folder.root().toString());
    }
    Path file = folder.unlearned().resolve(ModelFiles.UNLEARNING);
    JsonInput record = JsonInput.read(file, "the record of a run");
    double enough = pipeline.unlearn().tuning().choose().orElseThrow().utilityMin();
    Standing standing =
        Standing.ofChosen(folder.unlearned(), enough)
            .orElseGet(() -> new Standing(Double.MAX_VALUE, 0, enough));
    log.printf(
        Locale.ROOT,
        "%s: %.4f from the goal, %.4f of the utility%n",
        name,
        standing.distance(),
        standing.kept());
    return new SweepSearch.Tried(standing, record.get("training").get("seconds").number());
  }

  private Map<Column, Double> evaluated(Pipeline pipeline, Optional<Path> reference) {
    RunFolder folder = folder(pipeline);
    Path file = folder.evaluation("unlearned", RUNTIME);
    boolean ignored =
        run(List.of(evaluation(pipeline, "unlearned", folder.unlearned(), reference, file)));
    return values(file);
  }

  /** The evaluation of the retain-only model of the people that are tuned on, if there is one. */
  private Optional<Path> reference() {
    Pipeline any = sweep.tried(sweep.first().orElseThrow(), 1, sweep.seeds().get(0));
    return any.model()
        .reference()
        .map(
            model -> {
              Path file = new RunFolder(out).evaluation("retain", RUNTIME);
              boolean ignored =
                  run(List.of(evaluation(any, "retain", model, Optional.empty(), file)));
              return file;
            });
  }

  private Stage evaluation(
      Pipeline pipeline, String model, Path weights, Optional<Path> reference, Path file) {
    EvaluateStage.Request request = new EvaluateStage.Request(model, weights, RUNTIME, reference);
    return new PipelineStages(pipeline, context, generated())
        .evaluate("evaluate " + out.relativize(file), request, file);
  }

  private Set<Column> columns() {
    Set<Column> columns = new LinkedHashSet<>(sweep.goals());
    sweep.constraints().forEach(c -> columns.add(c.column()));
    return columns;
  }

  private Set<EvalSet.Role> generated() {
    Set<EvalSet.Role> roles = EnumSet.noneOf(EvalSet.Role.class);
    columns().forEach(c -> roles.addAll(c.generated()));
    return roles;
  }

  private Map<Column, Double> values(Path evaluation) {
    EvaluationResult result = EvaluationResult.read(evaluation);
    Map<Column, Double> values = new LinkedHashMap<>();
    columns().forEach(c -> c.value(result).ifPresent(v -> values.put(c, v)));
    return values;
  }

  /** Runs what is not there, and says whether there was such a stage. */
  private boolean run(List<Stage> stages) {
    StageGraph graph = new StageGraph(stages, context.hashes(), context.versions());
    Set<String> goals =
        stages.stream().map(Stage::name).collect(Collectors.toCollection(TreeSet::new));
    StageGraph.Request request = new StageGraph.Request(Optional.of(goals), Set.of(), 1);
    List<StageGraph.Planned> plan = graph.plan(request);
    boolean ignored = graph.run(request, HostMemory::available, new RunProgress(plan, log, log));
    return plan.stream().anyMatch(p -> p.decision() != StageGraph.Decision.CURRENT);
  }
}
