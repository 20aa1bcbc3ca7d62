package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;
import static org.unlearn4j.train.DividedSteps.assertSame;
import static org.unlearn4j.train.DividedSteps.batch;
import static org.unlearn4j.train.DividedSteps.part;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.StepBatch;

/** Everything a step may have besides rows, divided among devices. */
class ReplicasTermsTest {
  /**
   * Of all rows in one sum: losses that subtract values of like size lose two digits (CEU, strong
   * adapters), as micro-batches of one device do by the same amount.
   */
  private static final double WHOLE = 5e-5;

  @TempDir Path folder;

  private final DividedSteps steps = new DividedSteps("llama");

  private static StepBatch whole(Objective objective) {
    return batch(objective, 1, 6);
  }

  /** Two steps; of the second, the queue holds what the first saw. */
  private void divides(Objective objective) {
    List<List<StepBatch>> two = List.of(List.of(whole(objective)), List.of(batch(objective, 2, 5)));
    assertSame(
        steps.run(objective, Computations.FP32, two),
        steps.run(objective, DividedSteps.cpus(2), two));
  }

  /**
   * Of the halves as micro-batches of one device, which are the same sums. A twin, states, logits,
   * a dual variable's constraint, weights as they will be deployed.
   */
  @Tag("slow")
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "NPO      | unlearn.objective.retain=KL",
        "RMU      | unlearn.objective.layer=1",
        "RMU      | unlearn.objective={name: RMU, layer: 1, adaptive: true}",
        "CircuitBreaker | unlearn.objective.layers=[0, 1]",
        "CEU      | unlearn.objective.alpha=1",
        "PDU      | unlearn.objective.epsilon=1",
        "IHL      | unlearn.objective.alpha=1",
        "FLAT     | unlearn.objective.divergence=js",
        "NPO      | unlearn.quantization_aware=int8",
        "NPO      | unlearn.adapter={rank: 2}",
      })
  void everyObjective(String name, String setting) {
    Objective objective = steps.objective(name, setting);
    StepBatch first = whole(objective);
    StepBatch second = batch(objective, 2, 4);
    DividedSteps.Made devices =
        steps.run(objective, DividedSteps.cpus(2), List.of(List.of(first), List.of(second)));
    assertSame(
        steps.run(
            objective,
            Computations.FP32,
            List.of(
                List.of(part(first, 0, 3), part(first, 3, 6)),
                List.of(part(second, 0, 2), part(second, 2, 4)))),
        devices);
    // All rows in one sum are another order of it.
    TrainingSteps.assertNear(
        steps.run(objective, Computations.FP32, List.of(List.of(first))).gradient(),
        devices.gradient(),
        WHOLE);
  }

  /** Negatives, also those that have a gradient on the device of another row, and the queue. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{weight: 0.5}",
        "{weight: 0.5, queue: 5}",
        "{weight: 0.5, stop_gradient: false}",
        "{weight: 0.5, form: margin}"
      })
  void aRegulariserSeesTheRowsOfAllDevices(String clreg) {
    divides(steps.objective("NPO", "unlearn.clreg=" + clreg));
  }

  /** The plausible mistake: each device compares with its own rows, as micro-batches do. */
  @Test
  void ownNegativesAloneAreAnotherLoss() {
    Objective objective = steps.objective("NPO", "unlearn.clreg={weight: 0.5}");
    StepBatch whole = whole(objective);
    List<StepBatch> halves = List.of(part(whole, 0, 3), part(whole, 3, 6));
    DividedSteps.Made all = steps.run(objective, DividedSteps.cpus(2), List.of(List.of(whole)));
    DividedSteps.Made own = steps.run(objective, Computations.FP32, List.of(halves));
    double expected = all.outcomes().get(0).terms().get("clreg");
    double found = own.outcomes().get(0).terms().get("clreg");
    assertTrue(expected - found > 0.1, expected + " and " + found); // fewer negatives, a lower loss
    assertClose(
        "forget",
        all.outcomes().get(0).terms().get("forget"),
        own.outcomes().get(0).terms().get("forget"),
        0,
        DividedSteps.TOLERANCE);
    assertThrows(AssertionFailedError.class, () -> assertSame(all, own));
  }

  /** Two micro-batches of two devices each. */
  @Test
  void accumulates() {
    Objective npo = steps.objective("NPO");
    StepBatch whole = whole(npo);
    List<List<StepBatch>> two =
        List.of(List.of(part(whole, 0, 3), part(whole, 3, 6)), List.of(batch(npo, 2, 5)));
    assertSame(
        steps.run(npo, Computations.FP32, List.of(List.of(whole), two.get(1))),
        steps.run(npo, DividedSteps.cpus(2), two));
  }

  /** The same where each micro-batch has its negatives: those of one device's micro-batches. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "NPO | unlearn.clreg={weight: 0.5, queue: 5}",
        "PDU | unlearn.objective.epsilon=1",
      })
  void accumulatesWhatComparesRows(String name, String setting) {
    Objective objective = steps.objective(name, setting);
    StepBatch whole = whole(objective);
    List<List<StepBatch>> two =
        List.of(List.of(part(whole, 0, 2), part(whole, 2, 6)), List.of(batch(objective, 2, 5)));
    assertSame(
        steps.run(objective, Computations.FP32, two),
        steps.run(objective, DividedSteps.cpus(2), two));
  }

  /** Nothing that a checkpoint keeps depends on how many devices there were. */
  @ParameterizedTest
  @ValueSource(strings = {"NPO", "adapter"})
  void goesOnWithOtherDevices(String what) {
    Objective objective =
        what.equals("NPO")
            ? steps.objective("NPO")
            : steps.objective("NPO", "unlearn.adapter={rank: 2}");
    StepBatch first = whole(objective);
    StepBatch second = batch(objective, 2, 5);
    Map<String, float[]> straight =
        steps
            .run(objective, Computations.FP32, List.of(List.of(first), List.of(second)))
            .parameters();
    double tolerance = what.equals("NPO") ? DividedSteps.TOLERANCE : WHOLE;
    int n = 0;
    for (List<Computation> change :
        List.of(
            List.of(DividedSteps.cpus(2), Computations.FP32),
            List.of(Computations.FP32, DividedSteps.cpus(3)),
            List.of(DividedSteps.cpus(3), DividedSteps.cpus(2)))) {
      Checkpoints checkpoints = new Checkpoints(folder.resolve("c" + n++), "run");
      try (TrainingStep before = steps.step(objective, change.get(0), 1)) {
        before.run(1, List.of(first), 1e-4, DividedSteps.CONTROL);
        checkpoints.save(
            before,
            new Checkpoints.State(
                0, 1, new DualVariable.State(1, 0, 0), Map.of(), Judge.State.NONE));
      }
      try (TrainingStep after = steps.step(objective, change.get(1), 1)) {
        assertTrue(checkpoints.restore(after).isPresent());
        after.run(2, List.of(second), 1e-4, DividedSteps.CONTROL);
        TrainingSteps.assertNear(straight, DividedSteps.learned(after), tolerance);
      }
    }
  }
}
