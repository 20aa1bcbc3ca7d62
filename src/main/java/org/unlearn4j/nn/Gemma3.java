package org.unlearn4j.nn;

import java.util.OptionalDouble;

/**
 * Gemma 3 (Gemma Team 2025), the text model: Gemma 2 without soft caps, with queries and keys
 * normalised head by head, and five layers that see only a window, with a rope of their own, to
 * each one that sees everything.
 */
final class Gemma3 extends Gemma2 {
  private static final int PATTERN = 6;

  /** Files of the larger models leave out whatever is as in the smallest. */
  static final Dialect DIALECT =
      Gemma2.DIALECT
          .absent("vocab_size", 262208)
          .absent("hidden_size", 2304)
          .absent("intermediate_size", 9216)
          .absent("num_hidden_layers", 26)
          .absent("num_attention_heads", 8)
          .absent("num_key_value_heads", 4)
          .absent("max_position_embeddings", 131072)
          .absent("rope_theta", 1e6)
          .absent("rope_local_base_freq", 10000.0)
          .localTheta("rope_local_base_freq")
          .sliding(
              (config, layer) ->
                  Dialect.typed(
                      config,
                      layer,
                      (layer + 1) % config.path("sliding_window_pattern").asInt(PATTERN) != 0));

  Gemma3(ModelConfig config) {
    super(config);
  }

  @Override
  OptionalDouble cap(String key, double absent) {
    return config().json().has(key) ? super.cap(key, absent) : OptionalDouble.empty();
  }

  @Override
  <T> T normalised(Emitter<T> e, T x, int heads, String name) {
    Norm norm = Norm.rmsLessOne(name, config().headDim(), config().normEpsilon());
    return e.headNorm(x, heads, norm);
  }
}
