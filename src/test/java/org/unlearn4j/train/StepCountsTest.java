package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepGraph;

/**
 * What a block adds to the graph of a training step, in counts that do not depend on a clock: a
 * change that makes the step larger is seen on any machine.
 */
class StepCountsTest {

  /** Operations by type that the third block adds, and all together. */
  private static Map<String, Integer> block(Precision precision) {
    Map<String, Integer> added = operations(3, precision);
    operations(2, precision).forEach((type, n) -> added.merge(type, -n, Integer::sum));
    return added;
  }

  private static Map<String, Integer> operations(int layers, Precision precision) {
    Decoder decoder =
        Decoder.of(
            ModelConfig.of(
                new ObjectMapper()
                    .createObjectNode()
                    .put("model_type", "llama")
                    .put("hidden_size", 8)
                    .put("num_hidden_layers", layers)
                    .put("num_attention_heads", 2)
                    .put("num_key_value_heads", 1)
                    .put("intermediate_size", 8)
                    .put("vocab_size", 16)
                    .put("max_position_embeddings", 8)
                    .put("rms_norm_eps", 1e-5)
                    .put("tie_word_embeddings", true)));
    StepGraph graph =
        new StepGraph(
            decoder,
            Objectives.of(Pipeline.defaults("NPO", List.of()).unlearn(), decoder),
            Computation.of(precision, Device.CPU));
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 1)) {
      Map<String, Integer> types = new TreeMap<>();
      step.graph()
          .runtime()
          .graph()
          .operations()
          .forEachRemaining(
              op -> {
                types.merge(op.type(), 1, Integer::sum);
                types.merge("all", 1, Integer::sum);
              });
      return types;
    }
  }

  /**
   * Seven linear maps, and two products of attention, each with a product forwards and two
   * backwards; queries, keys, values and the result are transposed, and their gradients back.
   */
  private static void products(Map<String, Integer> block) {
    assertEquals(7 * 3, block.get("MatMul"), "products with weights");
    assertEquals(2 * 3, block.get("BatchMatMulV3"), "products of attention");
    assertEquals(4 * 2, block.get("Transpose"), "transpositions");
    assertEquals(9, block.get("ResourceApplyAdam"), "updates");
  }

  @Test
  void aBlockInFloat32() {
    Map<String, Integer> block = block(Precision.FP32);
    products(block);
    assertTrue(block.get("all") <= 655, "operations: " + block);
  }

  /** Each weight and each value that several products read is cast once, and its gradient back. */
  @Test
  void aBlockInBfloat16() {
    Map<String, Integer> block = block(Precision.BF16);
    products(block);
    assertTrue(block.get("Cast") <= 37, "casts: " + block);
    assertTrue(block.get("all") <= 683, "operations: " + block);
  }
}
