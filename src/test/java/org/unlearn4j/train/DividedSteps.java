package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Spread;
import org.unlearn4j.tf.Values;
import org.unlearn4j.unlearn.FeatureLayer;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * Steps of one model on one device and on several, of which tests ask whether they are the same.
 *
 * <p>Tolerance: sums of some hundred float32 values in another order differ by a few times 6e-8 of
 * their size, so whole tensors by less than 1e-6.
 */
final class DividedSteps {
  static final double TOLERANCE = 1e-6;
  static final StepControl CONTROL = new StepControl(1, 0.5, new StepControl.ViewSeed(0, 0, 0));

  final StepFixture fixture;

  DividedSteps(String family) {
    fixture = new StepFixture(family);
  }

  static Computation cpus(int devices) {
    return Computations.FP32.on(Spread.cpus(Spread.Form.REPLICAS, devices));
  }

  /** Rows of 4 to 18 tokens, the first half much longer than the second. */
  private static List<TokenRow> rows(int seed, int count) {
    Random random = new Random(seed);
    List<TokenRow> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] ids = random.ints(i < count / 2 ? 18 - i : 11 - i, 3, 120).toArray();
      int[] labels = ids.clone();
      Arrays.fill(labels, 0, 2 + i % 2, TokenRow.IGNORED);
      rows.add(new TokenRow(ids, labels));
    }
    return rows;
  }

  /** A step of as many rows of each segment. */
  static StepBatch batch(Objective objective, int seed, int count) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    for (Segment s : objective.segments()) {
      rows.put(s, rows(seed + s.key().hashCode(), count));
    }
    for (Segment s : objective.referenceNll()) {
      reference.put(s, new Random(seed).doubles(count, 10, 30).toArray());
    }
    return StepBatch.whole(rows, reference);
  }

  /** Some of the rows of a step; what sums are divided by stays that of the step. */
  static StepBatch part(StepBatch whole, int from, int to) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    whole.rows().forEach((s, all) -> rows.put(s, all.subList(from, to)));
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    whole.referenceNll().forEach((s, all) -> reference.put(s, Arrays.copyOfRange(all, from, to)));
    return new StepBatch(rows, reference, whole.queue(), whole.totals());
  }

  private static StepBatch with(StepBatch b, Map<FeatureLayer, List<float[]>> queue) {
    return new StepBatch(b.rows(), b.referenceNll(), queue, b.totals());
  }

  Objective objective(String name, String... settings) {
    UnlearnSettings unlearn = Pipeline.defaults(name, List.of(settings)).unlearn();
    return Objectives.forTraining(unlearn, fixture.decoder(), Map.of());
  }

  TrainingStep step(Objective objective, Computation computation, int accumulate) {
    return step(objective, computation, OptimizerSettings.adamW(0.01, 1), accumulate);
  }

  TrainingStep step(
      Objective objective, Computation computation, OptimizerSettings settings, int accumulate) {
    StepGraph graph = new StepGraph(fixture.decoder(), objective, computation);
    TrainingStep step = new TrainingStep(graph, settings, accumulate);
    fixture.assignPolicy(graph);
    graph.weights().adapter().ifPresent(a -> a.learned().assign(DividedSteps::gaussian));
    step.reset();
    return step;
  }

  private static FloatBuffer gaussian(Parameter p) {
    Random random = new Random(p.name().hashCode());
    float[] values = new float[Math.toIntExact(p.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.5 * random.nextGaussian());
    }
    return FloatBuffer.wrap(values);
  }

  /** What steps made of the model, and the gradient of the first. */
  record Made(
      List<TrainingStep.Outcome> outcomes,
      Map<String, float[]> gradient,
      Map<String, float[]> parameters) {}

  /** A step for each list of micro-batches; the queue holds what the step before saw. */
  Made run(Objective objective, Computation computation, List<List<StepBatch>> steps) {
    int accumulate = steps.stream().mapToInt(List::size).max().orElseThrow();
    try (TrainingStep step = step(objective, computation, accumulate)) {
      List<TrainingStep.Outcome> outcomes = new ArrayList<>();
      Map<String, float[]> gradient = Map.of();
      Map<FeatureLayer, List<float[]>> queue = Map.of();
      for (int t = 1; t <= steps.size(); t++) {
        Map<FeatureLayer, List<float[]>> held = queue;
        List<StepBatch> micro = steps.get(t - 1).stream().map(b -> with(b, held)).toList();
        outcomes.add(step.run(t, micro, 1e-4, CONTROL));
        gradient = t == 1 ? TrainingSteps.gradient(step) : gradient;
        queue = outcomes.get(t - 1).features();
      }
      return new Made(outcomes, gradient, learned(step));
    }
  }

  static Map<String, float[]> learned(TrainingStep step) {
    Map<String, float[]> learned = new LinkedHashMap<>();
    try (Values values = step.graph().learned().values()) {
      step.optimizer().parameters().forEach(p -> learned.put(p.name(), values.of(p).array()));
    }
    return learned;
  }

  static void assertSame(Made expected, Made actual) {
    for (int t = 0; t < expected.outcomes().size(); t++) {
      TrainingStep.Outcome e = expected.outcomes().get(t);
      TrainingStep.Outcome a = actual.outcomes().get(t);
      assertEquals(e.terms().keySet(), a.terms().keySet());
      // Later steps begin where Adam went, which need not agree where a gradient is rounding alone.
      double tolerance = t == 0 ? TOLERANCE : 1e-5;
      String step = "step " + (t + 1) + ", ";
      e.terms().forEach((n, v) -> assertClose(step + n, v, a.terms().get(n), 0, tolerance));
      assertClose(step + "gradient norm", e.gradNorm(), a.gradNorm(), 0, tolerance);
      assertEquals(e.features().keySet(), a.features().keySet());
      e.features().forEach((l, all) -> assertEquals(all.size(), a.features().get(l).size()));
    }
    TrainingSteps.assertNear(expected.gradient(), actual.gradient(), TOLERANCE);
    TrainingSteps.assertNear(expected.parameters(), actual.parameters(), TOLERANCE);
  }
}
