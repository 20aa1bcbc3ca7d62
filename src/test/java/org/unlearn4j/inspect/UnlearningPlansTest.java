package org.unlearn4j.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.DType;

class UnlearningPlansTest {
  private static final double GIB = 1L << 30;

  /** The shape of Llama 3.2's smallest: 1,235,814,400 parameters in bfloat16. */
  private static Decoder billion() {
    ObjectNode config =
        new ObjectMapper()
            .createObjectNode()
            .put("model_type", "llama")
            .put("vocab_size", 128256)
            .put("hidden_size", 2048)
            .put("intermediate_size", 8192)
            .put("num_hidden_layers", 16)
            .put("num_attention_heads", 32)
            .put("num_key_value_heads", 8)
            .put("head_dim", 64)
            .put("max_position_embeddings", 131072)
            .put("rms_norm_eps", 1e-5)
            .put("torch_dtype", "bfloat16")
            .put("tie_word_embeddings", true);
    return Decoder.of(ModelConfig.of(config));
  }

  private static double bytes(UnlearningPlans plans, String... settings) {
    return plans.ways().stream()
        .filter(w -> w.settings().equals(List.of(settings)))
        .mapToDouble(UnlearningPlans.Way::bytes)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void adaptersTakeTwoBytesAParameterInsteadOfSixteen() {
    UnlearningPlans plans = new UnlearningPlans(billion(), 1, 8, 24L << 30);
    assertEquals(DType.BF16, plans.stored());
    double parameters = 1_235_814_400.0;
    // Weights, two moments and, in the update, all gradients, the table's twice; 20 MB beside.
    double whole = 16 * parameters + 4.0 * 128256 * 2048 + UnlearningPlans.PROGRAM;
    assertClose("whole", whole, bytes(plans, "unlearn.recompute=true"), 0, 0.01);
    // The weights as they are, 12 bytes and a gradient of 4 for each of the adapters' parameters:
    // 16 (in + out) of q, k, v, o, gate, up and down. Beside them the head, widened for its
    // product.
    double adapters = 16.0 * 16 * (2 * 4096 + 2 * 2560 + 3 * 10240);
    double lora = 2 * parameters + 12 * adapters + 4.0 * 128256 * 2048 + UnlearningPlans.PROGRAM;
    assertClose(
        "adapters",
        lora,
        bytes(plans, "unlearn.adapter.rank=16", "unlearn.recompute=true"),
        0,
        0.03);
  }

  @Test
  void whatFitsIsSaidWithTheErrorOfThePlan() {
    UnlearningPlans plans = new UnlearningPlans(billion(), 1, 8, 10L << 30);
    long tenth = (long) (10 * GIB);
    assertEquals("yes", plans.fits(new UnlearningPlans.Way(List.of(), tenth * 84 / 100)));
    assertEquals("perhaps", plans.fits(new UnlearningPlans.Way(List.of(), tenth)));
    assertEquals("no", plans.fits(new UnlearningPlans.Way(List.of(), tenth * 116 / 100)));
    assertTrue(plans.tree().toJson().contains("\"the whole model\""));
    assertEquals(8, plans.ways().size());
  }
}
