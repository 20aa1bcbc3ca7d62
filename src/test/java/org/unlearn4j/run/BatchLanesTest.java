package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.nn.ModelConfig;

/** Who decides how many batches are computed at a time, and by what. */
class BatchLanesTest {
  private static final Path LLAMA = Path.of("src/test/resources/fixtures/llama");
  private static final ModelConfig CONFIG = ModelConfig.read(LLAMA.resolve("config.json"));
  private static final long MUCH = 1L << 40;

  private static BatchLanes lanes(int processors, long free) {
    Pipeline pipeline = Pipeline.defaults("NPO", List.of("model.device=cpu"));
    return new BatchLanes(pipeline, 64, processors, () -> free);
  }

  @Test
  void twoAreEnoughForTensorFlowAndOneForOneProcessor() {
    assertEquals(1, lanes(1, MUCH).tensorFlow(CONFIG).lanes());
    assertEquals(2, lanes(2, MUCH).tensorFlow(CONFIG).lanes());
    assertEquals(2, lanes(64, MUCH).tensorFlow(CONFIG).lanes());
    assertEquals(2, lanes(64, MUCH).apart(CONFIG));
    try (LanguageModel model = lanes(2, MUCH).open(LLAMA, "tf")) {
      assertEquals(2, model.lanes());
    }
  }

  /** Half of what the weights leave is taken: for two batches there have to be four free. */
  @Test
  void aSecondBatchNeedsItsMemory() {
    LanePlan plan = LanePlan.of(CONFIG, 64, 128).withLogits(64, CONFIG.vocabSize());
    long enough = plan.weights() + 4 * plan.batch();
    assertEquals(2, lanes(2, enough).tensorFlow(CONFIG).lanes());
    assertEquals(1, lanes(2, enough - 1).tensorFlow(CONFIG).lanes());
    long apart = 4 * (plan.weights() + plan.batch());
    assertEquals(2, lanes(2, apart).apart(CONFIG));
    assertEquals(1, lanes(2, apart - 1).apart(CONFIG));
  }

  /** 128 answers to one question are a batch, however many tokens that is. */
  @Test
  void samplesOfAQuestionAreABatch() {
    Pipeline pipeline =
        Pipeline.defaults(
            "NPO",
            List.of("data.max_length=100", "evaluate.token_budget=4096", "attack.samples=128"));
    assertEquals(4096, BatchLanes.measuring(pipeline).tokens());
    assertEquals(12800, BatchLanes.attacking(pipeline, pipeline.attack().orElseThrow()).tokens());
    assertTrue(BatchLanes.measuring(pipeline).processors() >= 1);
  }
}
