package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.train.DividedSteps.assertSame;
import static org.unlearn4j.train.DividedSteps.batch;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.tensorflow.Result;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.StepBatch;

/** A step of rows divided among devices is the step of all rows on one. */
class ReplicasTest {
  private final DividedSteps steps = new DividedSteps("llama");

  /** Seven rows, so that the devices do not have as many rows or tokens as each other. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void rowsOnSeveralDevicesMakeTheStepOfOne(int devices) {
    Objective npo = steps.objective("NPO");
    List<List<StepBatch>> three =
        IntStream.of(1, 2, 3).mapToObj(seed -> List.of(batch(npo, seed, 7))).toList();
    assertSame(
        steps.run(npo, Computations.FP32, three),
        steps.run(npo, DividedSteps.cpus(devices), three));
  }

  /**
   * What goes unnoticed where losses alone are looked at: one device's gradient alone, or a mean.
   */
  @Test
  void aGradientThatIsNotSummedFails() {
    Objective npo = steps.objective("NPO");
    StepBatch whole = batch(npo, 1, 6);
    DividedSteps.Made expected = one(npo, Computations.FP32, whole);
    assertSame(expected, one(npo, DividedSteps.cpus(2), whole));
    // The first device's rows, divided by what the whole step is divided by.
    StepBatch half = DividedSteps.part(whole, 0, 3);
    DividedSteps.Made alone = one(npo, Computations.FP32, half);
    assertFar(expected.gradient(), alone.gradient());
    assertFar(expected.parameters(), alone.parameters());
    // Each device divides by its own rows and tokens, as a mean of means would.
    StepBatch mean = StepBatch.whole(half.rows(), half.referenceNll());
    assertFar(expected.gradient(), one(npo, Computations.FP32, mean).gradient());
  }

  private DividedSteps.Made one(Objective objective, Computation computation, StepBatch batch) {
    return steps.run(objective, computation, List.of(List.of(batch)));
  }

  private static void assertFar(Map<String, float[]> expected, Map<String, float[]> actual) {
    assertThrows(
        AssertionFailedError.class,
        () -> TrainingSteps.assertNear(expected, actual, DividedSteps.TOLERANCE));
  }

  /** The end of an epoch: fewer rows than devices, one of which has none. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aDeviceMayHaveNoRow(int rows) {
    Objective npo = steps.objective("NPO");
    List<List<StepBatch>> two = List.of(List.of(batch(npo, 1, 6)), List.of(batch(npo, 2, rows)));
    assertSame(steps.run(npo, Computations.FP32, two), steps.run(npo, DividedSteps.cpus(3), two));
  }

  /** What TensorFlow ran where, counted in what it says of a step. */
  @Test
  void everyDeviceComputesItsOwnRowsAndHasHalfOfTheMoments() {
    Objective npo = steps.objective("NPO");
    Map<String, Map<String, Integer>> byDevice = new TreeMap<>();
    Map<String, Long> misplaced = new LinkedHashMap<>();
    try (TrainingStep step = steps.step(npo, DividedSteps.cpus(2), 1);
        Feeds feeds = new Feeds(step.graph().runtime())) {
      step.graph().feed(feeds, batch(npo, 1, 6), DividedSteps.CONTROL);
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
            boolean second =
                node.getName().startsWith("replica1") || node.getName().contains("_replica1/");
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
    int parameters = steps.fixture.decoder().parameters().size();
    assertEquals(parameters, first.get("ResourceApplyAdam") + second.get("ResourceApplyAdam"));
    assertTrue(second.get("ResourceApplyAdam") >= parameters / 3, byDevice.toString());
    assertEquals(first.get("ResourceApplyAdam"), second.get("AssignVariableOp"));
    assertEquals(second.get("ResourceApplyAdam"), first.get("AssignVariableOp"));
  }

  private static String kind(String op) {
    return op.contains("MatMul") ? "MatMul" : op;
  }
}
