package org.unlearn4j.nn;

/**
 * Qwen 2 and 2.5 (Yang et al. 2024): Llama with biases on queries, keys and values; where the
 * configuration says so, the upper layers see only a window.
 */
final class Qwen2 extends Llama {
  static final Dialect DIALECT =
      Llama.DIALECT
          .absent("sliding_window", 4096)
          .sliding(
              (config, layer) ->
                  config.path("use_sliding_window").asBoolean(false)
                      && Dialect.typed(
                          config, layer, layer >= config.path("max_window_layers").asInt(28)));

  Qwen2(ModelConfig config) {
    super(config);
  }

  @Override
  boolean bias(String projection) {
    return !projection.equals("o_proj");
  }
}
