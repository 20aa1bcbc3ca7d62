package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.Spread;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;

/** What of a large model each of two cards has to hold. */
class DevicePlanTest {
  /** 80 GB, as makers of cards count, but for the 5 % that drivers and TensorFlow keep. */
  private static final double CARD = 0.95 * 80e9;

  private static final Spread STAGES = Spread.cpus(Spread.Form.STAGES, 2);
  private static final Spread REPLICAS = Spread.cpus(Spread.Form.REPLICAS, 2);

  private static Decoder decoder(int layers, int hidden, int ffn, int heads, int vocab) {
    ObjectNode json = new ObjectMapper().createObjectNode().put("model_type", "llama");
    json.put("num_hidden_layers", layers).put("hidden_size", hidden).put("intermediate_size", ffn);
    json.put("num_attention_heads", heads).put("num_key_value_heads", 8).put("head_dim", 128);
    json.put("vocab_size", vocab).put("rms_norm_eps", 1e-5).put("max_position_embeddings", 8192);
    return Decoder.of(ModelConfig.of(json.put("tie_word_embeddings", false)));
  }

  /** The shape of Llama 3.1 8B: 8.03e9 parameters. */
  private final Decoder eight = decoder(32, 4096, 14336, 32, 128256);

  /** The shape of Qwen 3 14B but for the norms of its heads: 14.8e9 parameters. */
  private final Decoder fourteen = decoder(40, 5120, 17408, 40, 151936);

  private static MemoryPlan plan(Decoder decoder, OptimizerSettings.Form form) {
    Objective npo = Objectives.of(Pipeline.defaults("NPO", List.of()).unlearn(), decoder);
    return MemoryPlan.of(
        decoder,
        npo,
        new Computation(Precision.BF16, Device.CPU, true),
        form,
        false,
        MemoryPlan.Batch.of(npo, 1, 512, 256));
  }

  /**
   * Tables and head of the 8 B have 2 x 128256 x 4096 = 1.051e9 values, each block 218e6. Half of
   * all, 4.015e9, lies within block 13: the fourteen blocks from 0 on are beside the tables,
   * 4.104e9 values of 8.030e9.
   */
  @Test
  void blocksAreDividedBesideTheTables() {
    List<Parameter> all = eight.parameters();
    double values = all.stream().mapToLong(Parameter::size).sum();
    assertEquals(8.030e9, values, 0.001e9);
    assertEquals(4.104 / 8.030, STAGES.largestPart(all), 0.0005);
    assertEquals(1, REPLICAS.largestPart(all), 0);
  }

  /** 16 bytes a parameter: weights, two moments, gradients. */
  @Test
  void eightBillionFitTwoCardsAsStagesAlone() {
    MemoryPlan one = plan(eight, OptimizerSettings.Form.ADAMW);
    assertTrue(one.total() > 16 * 8.03e9, "" + one);
    MemoryPlan stage = one.onEach(STAGES, eight);
    assertTrue(stage.total() < CARD, "" + stage);
    MemoryPlan replica = one.onEach(REPLICAS, eight);
    assertEquals(one.moments() / 2, replica.moments());
    assertEquals(one.weights(), replica.weights());
    assertTrue(replica.total() > CARD, "" + replica);
  }

  @Test
  void fourteenBillionDoNotFitTwoCards() {
    MemoryPlan stage = plan(fourteen, OptimizerSettings.Form.ADAMW).onEach(STAGES, fourteen);
    assertTrue(stage.total() > CARD, "" + stage);
  }
}
