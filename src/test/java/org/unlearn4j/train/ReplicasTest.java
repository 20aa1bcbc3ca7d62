package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.tensorflow.Result;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.Spread;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * A step of rows divided among devices is the step of all rows on one.
 *
 * <p>Tolerance: sums of some hundred float32 values in another order differ by a few times 6e-8 of
 * their size, so whole tensors by less than 1e-6.
 */
class ReplicasTest {
  private static final OptimizerSettings SETTINGS = OptimizerSettings.adamW(0.01, 1);
  private static final StepControl CONTROL =
      new StepControl(1, 0.5, new StepControl.ViewSeed(0, 0, 0));
  private static final double TOLERANCE = 1e-6;

  private final StepFixture fixture = new StepFixture("llama");

  static Computation cpus(int devices) {
    return Computations.FP32.on(Spread.cpus(Spread.Form.REPLICAS, devices));
  }

  /** Rows of 4 to 18 tokens, the first half much longer than the second. */
  static List<TokenRow> rows(int seed, int count) {
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

  static StepBatch batch(Objective objective, int seed, int count) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    for (Segment s : objective.segments()) {
      rows.put(s, rows(seed + 10 * s.ordinal(), count));
    }
    for (Segment s : objective.referenceNll()) {
      reference.put(s, new Random(seed).doubles(count, 10, 30).toArray());
    }
    return StepBatch.whole(rows, reference);
  }

  private Objective objective(String name, String... settings) {
    return Objectives.of(
        Pipeline.defaults(name, List.of(settings)).unlearn(), fixture.decoder());
  }

  private TrainingStep step(Objective objective, Computation computation, int accumulate) {
    TrainingStep step =
        new TrainingStep(
            new StepGraph(fixture.decoder(), objective, computation), SETTINGS, accumulate);
    fixture.assignPolicy(step.graph());
    step.reset();
    return step;
  }

  private record Made(
      List<TrainingStep.Outcome> outcomes,
      Map<String, float[]> gradient,
      Map<String, float[]> parameters) {}

  private Made run(Objective objective, Computation computation, List<StepBatch> steps) {
    try (TrainingStep step = step(objective, computation, 1)) {
      List<TrainingStep.Outcome> outcomes = new ArrayList<>();
      Map<String, float[]> gradient = Map.of();
      for (int t = 1; t <= steps.size(); t++) {
        outcomes.add(step.run(t, List.of(steps.get(t - 1)), 1e-4, CONTROL));
        gradient = t == 1 ? TrainingSteps.gradient(step) : gradient;
      }
      return new Made(outcomes, gradient, StepFixture.weights(step.graph()));
    }
  }

  private static void assertSame(Made expected, Made actual) {
    for (int t = 0; t < expected.outcomes().size(); t++) {
      TrainingStep.Outcome e = expected.outcomes().get(t);
      TrainingStep.Outcome a = actual.outcomes().get(t);
      assertEquals(e.terms().keySet(), a.terms().keySet());
      e.terms().forEach((n, v) -> assertClose(n, v, a.terms().get(n), 0, TOLERANCE));
      assertClose("gradient norm " + t, e.gradNorm(), a.gradNorm(), 0, TOLERANCE);
    }
    TrainingSteps.assertNear(expected.gradient(), actual.gradient(), TOLERANCE);
    TrainingSteps.assertNear(expected.parameters(), actual.parameters(), TOLERANCE);
  }

  /** Seven rows, so that the devices do not have as many rows or tokens as each other. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void rowsOnSeveralDevicesMakeTheStepOfOne(int devices) {
    Objective npo = objective("NPO");
    List<StepBatch> steps = List.of(batch(npo, 1, 7), batch(npo, 2, 7), batch(npo, 3, 7));
    assertSame(run(npo, Computations.FP32, steps), run(npo, cpus(devices), steps));
  }

  /** What goes unnoticed where losses alone are looked at: one device's gradient alone, or a mean. */
  @Test
  void aGradientThatIsNotSummedFails() {
    Objective npo = objective("NPO");
    StepBatch whole = batch(npo, 1, 6);
    Made expected = run(npo, Computations.FP32, List.of(whole));
    assertSame(expected, run(npo, cpus(2), List.of(whole)));
    // The first device's rows, divided by what the whole step is divided by.
    Map<Segment, List<TokenRow>> half = new EnumMap<>(Segment.class);
    whole.rows().forEach((s, all) -> half.put(s, all.subList(0, 3)));
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    whole.referenceNll().forEach((s, all) -> reference.put(s, Arrays.copyOf(all, 3)));
    StepBatch one = new StepBatch(half, reference, Map.of(), whole.totals());
    Made alone = run(npo, Computations.FP32, List.of(one));
    assertThrows(
        AssertionFailedError.class,
        () -> TrainingSteps.assertNear(expected.gradient(), alone.gradient(), TOLERANCE));
    assertThrows(
        AssertionFailedError.class,
        () -> TrainingSteps.assertNear(expected.parameters(), alone.parameters(), TOLERANCE));
    // Each device divides by its own rows and tokens, as a mean of means would.
    StepBatch mean = StepBatch.whole(half, reference);
    Made averaged = run(npo, Computations.FP32, List.of(mean));
    assertThrows(
        AssertionFailedError.class,
        () -> TrainingSteps.assertNear(expected.gradient(), averaged.gradient(), TOLERANCE));
  }

  /** The end of an epoch: fewer rows than devices, one of which has none. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aDeviceMayHaveNoRow(int rows) {
    Objective npo = objective("NPO");
    List<StepBatch> steps = List.of(batch(npo, 1, 6), batch(npo, 2, rows));
    assertSame(run(npo, Computations.FP32, steps), run(npo, cpus(3), steps));
  }

  /** What TensorFlow ran where, counted in what it says of a step. */
  @Test
  void everyDeviceComputesItsOwnRowsAndHasHalfOfTheMoments() {
    Objective npo = objective("NPO");
    Map<String, Map<String, Integer>> byDevice = new TreeMap<>();
    Map<String, Long> misplaced = new LinkedHashMap<>();
    try (TrainingStep step = step(npo, cpus(2), 1);
        Feeds feeds = new Feeds(step.graph().runtime())) {
      step.graph().feed(feeds, batch(npo, 1, 6), CONTROL);
      step.optimizer().feed(feeds, 1, 1e-4, false);
      step.optimizer().update().forEach(feeds::target);
      feeds.fetch(step.graph().total());
      try (Result result = step.graph().runtime().measured("step", feeds)) {
        for (GraphDef part : result.getMetadata().orElseThrow().getPartitionGraphsList()) {
          for (NodeDef node : part.getNodeList()) {
            String device = node.getDevice().replaceAll(".*/device:", "");
            byDevice
                .computeIfAbsent(device, d -> new TreeMap<>())
                .merge(kind(node.getOp()), 1, Integer::sum);
            if (node.getOp().matches("_Send|_Recv|_Arg|_Retval|_HostSend|_HostRecv")) {
              continue; // between devices, and between the graph and its caller
            }
            boolean second = node.getName().startsWith("replica1") || node.getName().contains("_replica1/");
            if (second && !device.equals("CPU:1")) {
              misplaced.merge(node.getName(), 1L, Long::sum);
            }
          }
        }
      }
    }
    assertEquals(Map.of(), misplaced);
    assertEquals(List.of("CPU:0", "CPU:1"), List.copyOf(byDevice.keySet()));
    Map<String, Integer> first = byDevice.get("CPU:0");
    Map<String, Integer> second = byDevice.get("CPU:1");
    assertEquals(first.get("MatMul"), second.get("MatMul"), byDevice.toString());
    int matrices = 2 * 7; // of a block: q, k, v, o, gate, up, down; forward, and twice backward
    assertTrue(second.get("MatMul") >= 3 * matrices, byDevice.toString());
    // Each parameter is updated once, on the device where it is at home; the other gets its value.
    int parameters = fixture.decoder().parameters().size();
    assertEquals(parameters, first.get("ResourceApplyAdam") + second.get("ResourceApplyAdam"));
    assertTrue(second.get("ResourceApplyAdam") >= parameters / 3, byDevice.toString());
    assertEquals(first.get("ResourceApplyAdam"), second.get("AssignVariableOp"));
    assertEquals(second.get("ResourceApplyAdam"), first.get("AssignVariableOp"));
  }

  private static String kind(String op) {
    return op.contains("MatMul") ? "MatMul" : op;
  }
}
