package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.unlearn.FeatureLayer;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;

/** What one step leaves behind for the next besides the weights. */
class StepStateTest {
  private static final FeatureLayer LAYER = new FeatureLayer(2);

  private static TrainingStep.Outcome retain(double value) {
    return new TrainingStep.Outcome(Map.of("forget", 3.0, "retain", value), 0, 0, Map.of());
  }

  private static DualVariable dual(String... sets) {
    List<String> all = new ArrayList<>(List.of("unlearn.objective.epsilon=1"));
    all.addAll(List.of(sets));
    Objective objective =
        Objectives.of(Pipeline.defaults("PDU", all).unlearn(), new StepFixture("llama").decoder());
    return new DualVariable(objective);
  }

  /** alpha = 1; warm-up over epoch 0; then 1 + 0.5 (2 - 1) = 1.5, then 1.5 + 0.5 (0 - 1) = 1. */
  @Test
  void aDualVariableThatMovesWithTheSteps() {
    DualVariable alpha =
        dual("unlearn.objective.dual_step=0.5", "unlearn.objective.dual_warmup_epochs=1");
    alpha.afterStep(0, retain(9));
    alpha.afterEpoch(0);
    assertClose("in the warm-up", 1, alpha.alpha(), 0, 0);
    alpha.afterStep(1, retain(2));
    assertClose("above the constraint", 1.5, alpha.alpha(), 1e-12, 0);
    alpha.afterStep(1, retain(0));
    assertClose("below it", 1, alpha.alpha(), 1e-12, 0);
    alpha.afterEpoch(1);
    assertClose("epochs do not move it", 1, alpha.alpha(), 1e-12, 0);
    for (int i = 0; i < 9; i++) {
      alpha.afterStep(1, retain(0));
    }
    assertClose("never below 0", 0, alpha.alpha(), 0, 0);
  }

  /** The mean retain loss of epoch 1 is (4 + 2) / 2 = 3: 1 + 1 (3 - 1) = 3. */
  @Test
  void aDualVariableThatMovesWithTheEpochs() {
    DualVariable alpha =
        dual("unlearn.objective.dual_update=epoch", "unlearn.objective.dual_warmup_epochs=1");
    alpha.afterStep(0, retain(100));
    alpha.afterEpoch(0);
    alpha.afterStep(1, retain(4));
    alpha.afterStep(1, retain(2));
    assertClose("within the epoch", 1, alpha.alpha(), 0, 0);
    alpha.afterEpoch(1);
    assertClose("after it", 3, alpha.alpha(), 1e-12, 0);
    assertTrue(alpha.moving().isPresent(), "it is logged");
  }

  private static List<float[]> vectors(float... marks) {
    List<float[]> vectors = new ArrayList<>();
    for (float m : marks) {
      vectors.add(new float[] {m});
    }
    return vectors;
  }

  @Test
  void aQueueDropsTheOldestFirst() {
    FeatureQueue queue = new FeatureQueue(3);
    assertEquals(Map.of(), queue.contents());
    queue.push(Map.of(LAYER, vectors(1, 2)));
    queue.push(Map.of(LAYER, vectors(3, 4)));
    List<float[]> kept = queue.contents().get(LAYER);
    assertEquals(3, kept.size());
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(new float[] {i + 2}, kept.get(i));
    }
  }
}
