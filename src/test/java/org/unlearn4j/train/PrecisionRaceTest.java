package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Device;

/** What is timed to choose a precision. */
class PrecisionRaceTest {
  private static ModelConfig config(int hidden, int heads, int kvHeads, int ffn) {
    return ModelConfig.of(
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", "llama")
            .put("hidden_size", hidden)
            .put("num_hidden_layers", 4)
            .put("num_attention_heads", heads)
            .put("num_key_value_heads", kvHeads)
            .put("head_dim", 16)
            .put("intermediate_size", ffn)
            .put("vocab_size", 4000)
            .put("max_position_embeddings", 64)
            .put("rms_norm_eps", 1e-5)
            .put("tie_word_embeddings", true));
  }

  /** A quarter of the head falls to one of four blocks. */
  @Test
  void aBlockHasTheModelsWidths() {
    ModelConfig block = PrecisionRace.block(config(64, 4, 2, 128), 64);
    assertEquals(1, block.layers());
    assertEquals(64, block.hiddenSize());
    assertEquals(128, block.intermediateSize());
    assertEquals(4, block.heads());
    assertEquals(2, block.kvHeads());
    assertEquals(1000, block.vocabSize());
  }

  /**
   * Four matrices of 8192 squared and three of 8192 by 32768 are 1.07e9 weights; an eighth of each
   * width leaves a 64th of it, 16.8e6, which is too many still; a sixteenth is 4.2e6.
   */
  @Test
  void aHugeModelIsMeasuredSmaller() {
    ModelConfig block = PrecisionRace.block(config(8192, 64, 8, 32768), 64);
    assertEquals(512, block.hiddenSize());
    assertEquals(2048, block.intermediateSize());
    assertEquals(4, block.heads());
    assertEquals(1, block.kvHeads());
  }

  /**
   * GPT-2 does not turn its heads, so that 5 features a head are allowed; the block's need pairs.
   */
  @Test
  void aHeadOfOddWidthIsRoundedUp() {
    ModelConfig odd =
        ModelConfig.of(
            new ObjectMapper()
                .createObjectNode()
                .put("model_type", "gpt2")
                .put("n_embd", 15)
                .put("n_layer", 1)
                .put("n_head", 3)
                .put("vocab_size", 300)
                .put("n_positions", 32)
                .put("layer_norm_epsilon", 1e-5));
    assertEquals(5, odd.headDim());
    assertEquals(6, PrecisionRace.block(odd, 16).headDim());
  }

  @Test
  void bothFormatsAreTimed() {
    PrecisionRace race = PrecisionRace.run(config(32, 2, 1, 64), 2, 16, Device.CPU);
    assertTrue(race.fp32Ms() > 0 && race.bf16Ms() > 0, race.toString());
    assertTrue(race.fp32Ms() < 1000 && race.bf16Ms() < 1000, race.toString());
  }
}
