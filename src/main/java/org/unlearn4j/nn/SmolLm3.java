package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * SmolLM 3 (Hugging Face 2025): Llama, but every fourth layer tells positions by nothing but the
 * causal mask (Yang et al. 2025, "Rope to Nope").
 */
final class SmolLm3 extends Llama {
  private static final int INTERVAL = 4;

  static final Dialect DIALECT =
      Llama.DIALECT
          .absent("tie_word_embeddings", true)
          .absent("rope_theta", 2e6)
          .rotating(SmolLm3::rotates)
          .sliding(
              (config, layer) ->
                  config.path("use_sliding_window").asBoolean(false)
                      && Dialect.typed(config, layer, !rotates(config, layer)));

  SmolLm3(ModelConfig config) {
    super(config);
  }

  /** An entry of 1 in {@code no_rope_layers} means with rope, whatever the name suggests. */
  private static boolean rotates(JsonNode config, int layer) {
    JsonNode flags = config.path("no_rope_layers");
    return flags.isArray()
        ? flags.path(layer).asInt(1) != 0
        : (layer + 1) % config.path("no_rope_layer_interval").asInt(INTERVAL) != 0;
  }
}
