package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.OrtSettings;

class LanePlanTest {
  private static final ModelConfig LLAMA =
      ModelConfig.read(Path.of("src/test/resources/fixtures/llama/config.json"));

  /**
   * 3 layers, hidden 32, 4 heads of 8, 2 key/value heads, MLP 64, 120 tokens. Of a batch of 64
   * tokens in rows of at most 16: a token's (3+2)*32 hidden states, 2*3 layers of 2*16 keys and
   * values, 8*32 and 3*64 activations are 800 values; attention 2*4*64*16, decoding 2*(64/16)*120,
   * and 4*2^18 of logits.
   */
  @Test
  void whatABatchTakes() {
    LanePlan plan = LanePlan.of(LLAMA, 64, 16);
    assertEquals(4L * (800 * 64 + 2 * 4 * 64 * 16 + 2 * 4 * 120 + (4 << 18)), plan.batch());
    assertEquals(4L * (3 * (4 * 32 * 32 + 3 * 32 * 64) + 2 * 120 * 32), plan.weights());
  }

  /** Five arrays of 64 * 120 logits more; weights of their own are no longer shared. */
  @Test
  void whatABatchTakesOnTensorFlow() {
    LanePlan plan = LanePlan.of(LLAMA, 64, 16);
    LanePlan scoring = plan.withLogits(64, 120);
    assertEquals(plan.batch() + 4L * 5 * 64 * 120, scoring.batch());
    assertEquals(plan.weights(), scoring.weights());
    assertEquals(scoring.batch() + plan.weights(), scoring.apart().batch());
    assertEquals(0, scoring.apart().weights());
  }

  @Test
  void halfOfWhatTheWeightsLeave() {
    LanePlan plan = new LanePlan(100, 10);
    assertEquals(5, plan.most(200));
    assertEquals(5, plan.most(219));
    assertEquals(1, plan.most(100), "one batch is computed whatever is free");
    assertEquals(1, plan.most(0));
    assertEquals(Integer.MAX_VALUE, plan.most(Long.MAX_VALUE));
  }

  /** Where 64 processors would have held 64 batches. */
  @Test
  void lanesAreNoMoreThanFit() {
    OrtSettings many =
        new OrtSettings(OrtSettings.Provider.CPU, 64, OrtSettings.GraphOptimization.ALL);
    assertEquals(64, many.forManyBatches().lanes());
    assertEquals(3, many.forManyBatches(3).lanes());
    assertEquals(1, many.forManyBatches(0).lanes());
    assertEquals(64, many.forManyBatches(3).threads());
  }

  @Test
  void aRunThatEndsInNoModel() {
    Likelihood.requireMoved(1, 2);
    for (double[] no : new double[][] {{1, Double.NaN}, {Double.NaN, 1}, {1, 1}, {1, 1.0 / 0}}) {
      MachineException e =
          assertThrows(MachineException.class, () -> Likelihood.requireMoved(no[0], no[1]));
      assertTrue(e.getMessage().contains("" + no[1]), e.getMessage());
    }
  }
}
