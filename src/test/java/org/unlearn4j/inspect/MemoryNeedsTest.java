package org.unlearn4j.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;

class MemoryNeedsTest {
  /**
   * 4 + 4 + 8 bytes a parameter and a step besides; 4 more for a twin; half of some in bfloat16.
   */
  @Test
  void memoryByObjectiveAndPrecision() throws IOException {
    ObjectNode config =
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", "llama")
            .put("vocab_size", 1 << 18)
            .put("hidden_size", 64)
            .put("intermediate_size", 8)
            .put("num_hidden_layers", 1)
            .put("num_attention_heads", 1)
            .put("max_position_embeddings", 1)
            .put("tie_word_embeddings", true);
    Decoder decoder = Decoder.of(ModelConfig.of(config));
    MemoryNeeds plan = new MemoryNeeds(decoder);
    JsonNode needs = new ObjectMapper().readTree(plan.tree().toJson());
    // A token table of 64 MiB in float32 is all but 82 KiB of it: weights, two moments, and in the
    // update a gradient from either end, since it is the head too. With one token a row the 8 + 8
    // labelled tokens' logits are 16 MiB, which with the head's gradient is less than that, as it
    // is with what KL makes of the retain rows' (four arrays of half that size).
    double table = 64;
    assertEquals(5 * table, needs.path("unlearn_fp32").asDouble(), 2);
    assertEquals(6 * table, needs.path("unlearn_fp32_with_twin").asDouble(), 2);
    // The copy that products read is gone by then.
    assertEquals(5 * table, needs.path("unlearn_bf16").asDouble(), 2);
  }
}
