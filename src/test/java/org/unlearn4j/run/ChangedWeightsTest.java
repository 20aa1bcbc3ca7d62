package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Values;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.train.FreshWeights;

/** Weights that are changed one after the other. */
class ChangedWeightsTest {
  private static List<Parameter> parameters(int layers) {
    return Decoder.of(
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
                    .put("rms_norm_eps", 1e-5)))
        .parameters();
  }

  /** Doubles every parameter, and those of a name a second time. */
  private static int signatures(int layers) {
    List<Parameter> all = parameters(layers);
    try (TfRuntime runtime = new TfRuntime(Computations.FP32)) {
      Variables variables = new Variables(runtime, "", all);
      variables.assign(FreshWeights.of(3, 0.1));
      try (ChangedWeights weights = new ChangedWeights(variables)) {
        all.forEach(p -> doubled(weights, p));
        all.stream().filter(p -> p.name().contains("q_proj")).forEach(p -> doubled(weights, p));
      }
      try (Values values = variables.values()) {
        for (Parameter p : all) {
          float[] expected = FreshWeights.of(3, 0.1).apply(p).array().clone();
          for (int i = 0; i < expected.length; i++) {
            expected[i] *= p.name().contains("q_proj") ? 4 : 2;
          }
          assertArrayEquals(expected, values.of(p).array(), 0f, p.name());
        }
      }
      return runtime.signatures();
    }
  }

  private static void doubled(ChangedWeights weights, Parameter p) {
    float[] w = weights.get(p);
    for (int i = 0; i < w.length; i++) {
      w[i] *= 2;
    }
    weights.put(p, w);
  }

  /** TensorFlow optimises the graph anew for each: filled, read, changed. */
  @Test
  void deeperModelsAreOptimisedNoOftener() {
    assertEquals(signatures(1), signatures(3));
  }
}
