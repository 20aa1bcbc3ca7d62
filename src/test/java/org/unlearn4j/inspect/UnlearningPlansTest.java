package org.unlearn4j.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Spread;
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

  private static UnlearningPlans one(long gib) {
    return new UnlearningPlans(billion(), 1, 8, gib << 30, 1, List.of());
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
    UnlearningPlans plans = one(24);
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
    UnlearningPlans plans = one(10);
    long tenth = (long) (10 * GIB);
    assertEquals("yes", plans.fits(tenth * 84 / 100));
    assertEquals("perhaps", plans.fits(tenth));
    assertEquals("no", plans.fits(tenth * 116 / 100));
    assertTrue(plans.tree().toJson().contains("\"the whole model\""));
    assertEquals(8, plans.ways().size());
  }

  private static UnlearningPlans.Way whole(int devices, String... sets) {
    return new UnlearningPlans(billion(), 2, 8, 24L << 30, devices, List.of(sets))
        .ways().stream()
            .filter(w -> w.settings().equals(List.of("unlearn.recompute=true")))
            .findFirst()
            .orElseThrow();
  }

  /**
   * Two devices with 2 rows of 8 tokens, whose activations are nothing beside the weights. Of 16
   * bytes a parameter a replica lacks half of the moments' 8. Of 1,235.8 million values the table
   * has 262.7 and each of 16 blocks 60.8: half lies within the sixth block, so that the table and
   * six of them are on the first, 627.6 million of the values: 0.508.
   */
  @Test
  void devicesShareMomentsOrBlocks() {
    double parameters = 1_235_814_400.0;
    UnlearningPlans.Way two = whole(2);
    assertClose(
        "replica", two.bytes() - 4 * parameters, two.each().get(Spread.Form.REPLICAS), 0, 0.01);
    double all = two.bytes() - (double) UnlearningPlans.PROGRAM;
    double stage = two.each().get(Spread.Form.STAGES) - (double) UnlearningPlans.PROGRAM;
    assertClose("stage", 0.508, stage / all, 0.001, 0);
    assertEquals(0, whole(1).each().size());
    String tree = new UnlearningPlans(billion(), 2, 8, 24L << 30, 2, List.of()).tree().toJson();
    assertTrue(tree.contains("1/2 of rows and moments (ZeRO-1)"), tree);
    assertTrue(tree.contains("the fullest 0.508 of the values"), tree);
    assertTrue(tree.contains("\"replicas\" : \"15.6 GiB, fits: yes"), tree);
  }

  /** Moments in 8 bits are 2 bytes a parameter and a scale a block, not 8. */
  @Test
  void anOverrideHoldsForEveryWay() {
    double saved = whole(1).bytes() - (double) whole(1, "unlearn.optimizer=adamw8bit").bytes();
    assertClose("saved", 6 * 1_235_814_400.0, saved, 0, 0.02);
  }

  /** A number for what the training refuses would be a promise: the refusal stands in its place. */
  @Test
  void whatAPipelineRefusesHasNoNumber() {
    String dropout = several("unlearn.clreg.view=dropout");
    assertTrue(dropout.contains("\"replicas\" : \"refused: --set unlearn.clreg.view"), dropout);
    assertTrue(dropout.contains("GiB, fits: yes"), dropout);
    assertFalse(dropout.contains("\"stages\" : \"refused"), dropout);
    String salient = several("unlearn.salient_share=0.5");
    assertTrue(salient.contains("\"stages\" : \"refused: --set unlearn.salient_share"), salient);
    assertTrue(salient.contains("rank=16\" : \"refused: --set unlearn.salient_share"), salient);
    assertFalse(salient.contains("\"replicas\" : \"refused"), salient);
    assertFalse(several("unlearn.epochs=2").contains("refused"));
    UserException wrong =
        assertThrows(UserException.class, () -> several("unlearn.learning_rate=-1"));
    assertTrue(wrong.getMessage().contains("found -1, expected"), wrong.getMessage());
  }

  private static String several(String set) {
    return new UnlearningPlans(billion(), 2, 8, 24L << 30, 2, List.of(set)).tree().toJson();
  }
}
