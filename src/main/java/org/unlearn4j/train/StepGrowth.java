package org.unlearn4j.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.unlearn.Objective;

/**
 * How a step's cost grows: one size after the other is doubled, and doubled again, while the others
 * stay as they are.
 */
public final class StepGrowth {
  /** Sizes as multiples of the first one. */
  private static final int[] TIMES = {1, 2, 4, 8};

  private StepGrowth() {}

  /** A size that grows. */
  public enum Axis {
    ROWS,
    TOKENS,
    LAYERS,
    VOCABULARY,
    /** Rows of the whole set: an epoch over it is timed, not a step. */
    FORGET_SET;

    /** In words. */
    public String words() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /**
   * What something cost.
   *
   * @param ms milliseconds: of a step, the median; of an epoch over the forget set, the whole
   * @param bytes that a step held at most beside the variables
   */
  public record Cost(double ms, long bytes) {}

  /**
   * What is measured.
   *
   * @param batches of an epoch; 1: a step is timed
   */
  public record Case(StepBenchmark.Work work, int batches) {}

  /**
   * The costs along one axis.
   *
   * @param first the size that is doubled
   * @param costs at 1, 2, 4 and 8 times that
   */
  public record Curve(Axis axis, int first, List<Cost> costs) {
    public Curve {
      costs = List.copyOf(costs);
    }

    /** Time grew with this power of the size, from the last size but one to the last one. */
    public double timePower() {
      return power(Cost::ms);
    }

    /** Memory grew with this power of the size. */
    public double memoryPower() {
      return power(c -> (double) c.bytes());
    }

    private double power(Function<Cost, Double> of) {
      int last = costs.size() - 1;
      return log2(of.apply(costs.get(last)) / of.apply(costs.get(last - 1)));
    }

    /** Doublings of the first time, one value a doubling of the size: a line on log axes. */
    public List<Double> timeDoublings() {
      return doublings(Cost::ms);
    }

    /** Doublings of the first memory. */
    public List<Double> memoryDoublings() {
      return doublings(c -> (double) c.bytes());
    }

    private List<Double> doublings(Function<Cost, Double> of) {
      double base = of.apply(costs.get(0));
      return costs.stream().map(c -> log2(of.apply(c) / base)).toList();
    }
  }

  private static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }

  /**
   * Measures along every axis.
   *
   * @param base the smallest sizes
   * @param objective of a model's configuration, which grows
   * @param measure see {@link StepBenchmark#cost}
   */
  public static List<Curve> of(
      StepBenchmark.Work base,
      Function<ModelConfig, Objective> objective,
      Function<Case, Cost> measure) {
    List<Curve> curves = new ArrayList<>();
    for (Axis axis : Axis.values()) {
      List<Cost> costs = new ArrayList<>();
      for (int times : TIMES) {
        costs.add(measure.apply(grown(base, objective, axis, times)));
      }
      curves.add(new Curve(axis, first(base, axis), costs));
    }
    return curves;
  }

  private static int first(StepBenchmark.Work base, Axis axis) {
    return switch (axis) {
      case ROWS, FORGET_SET -> base.rows();
      case TOKENS -> base.tokens();
      case LAYERS -> base.config().layers();
      case VOCABULARY -> base.config().vocabSize();
    };
  }

  private static Case grown(
      StepBenchmark.Work base, Function<ModelConfig, Objective> objective, Axis axis, int times) {
    int size = first(base, axis) * times;
    return switch (axis) {
      case ROWS -> new Case(work(base, base.config(), objective, size, base.tokens()), 1);
      case FORGET_SET ->
          new Case(work(base, base.config(), objective, base.rows(), base.tokens()), times);
      case TOKENS ->
          new Case(
              work(
                  base,
                  with(base.config(), "max_position_embeddings", size),
                  objective,
                  base.rows(),
                  size),
              1);
      case LAYERS -> model(base, objective, "num_hidden_layers", size);
      case VOCABULARY -> model(base, objective, "vocab_size", size);
    };
  }

  private static Case model(
      StepBenchmark.Work base, Function<ModelConfig, Objective> objective, String key, int size) {
    return new Case(
        work(base, with(base.config(), key, size), objective, base.rows(), base.tokens()), 1);
  }

  private static StepBenchmark.Work work(
      StepBenchmark.Work base,
      ModelConfig config,
      Function<ModelConfig, Objective> objective,
      int rows,
      int tokens) {
    return new StepBenchmark.Work(
        config,
        objective.apply(config),
        base.computation(),
        rows,
        tokens,
        base.labelled(),
        base.steps(),
        base.optimizer());
  }

  private static ModelConfig with(ModelConfig config, String key, int value) {
    ObjectNode json = config.json().deepCopy();
    return ModelConfig.of(json.put(key, value));
  }
}
