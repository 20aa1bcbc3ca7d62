package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How a family's {@code config.json} spells what all families have, and what it means by leaving it
 * out. Keys are named as Llama names them ({@link #USUAL}); a family says where it differs.
 *
 * @param spellings other names of a key, the first that is there counts
 * @param absent what a key means that is absent or null
 * @param only keys that change the mathematics, with the one value that the family's definition
 *     covers
 * @param activations activation names that mean another function here
 * @param sliding which layers see only a window
 * @param rotating on which layers queries and keys turn
 * @param localTheta the key of the rotary base of layers that see only a window, whose rope has no
 *     scaling; empty where all layers turn alike
 * @param learnedPositions positions are rows of a table, nothing rotates
 */
record Dialect(
    Map<String, List<String>> spellings,
    Map<String, JsonNode> absent,
    Map<String, JsonNode> only,
    Map<String, String> activations,
    LayerRule sliding,
    LayerRule rotating,
    String localTheta,
    boolean learnedPositions) {

  /** Codes that a family's checkpoints may hold in place of numbers: a key of {@link #only}. */
  static final String PACKED = "quantization_config.quant_method";

  /** Whether something holds of a layer, counted from 0. */
  @FunctionalInterface
  interface LayerRule {
    boolean holds(JsonNode config, int layer);
  }

  static final Dialect USUAL =
      new Dialect(
              Map.of(),
              Map.of(),
              Map.of(),
              Map.of(),
              (config, layer) -> false,
              (config, layer) -> true,
              "",
              false)
          .absent("rms_norm_eps", 1e-6)
          .absent("hidden_act", "silu")
          .absent("rope_theta", 10000.0)
          .absent("partial_rotary_factor", 1.0)
          .absent("tie_word_embeddings", false)
          .absent("attention_bias", false)
          .absent("mlp_bias", false)
          .absent("initializer_range", 0.02);

  Dialect {
    spellings = Map.copyOf(spellings);
    absent = Map.copyOf(absent);
    only = Map.copyOf(only);
    activations = Map.copyOf(activations);
  }

  /** The family calls a key otherwise; of several names the first that is there counts. */
  Dialect spelled(String key, String... names) {
    return new Dialect(
        with(spellings, key, List.of(names)),
        absent,
        only,
        activations,
        sliding,
        rotating,
        localTheta,
        learnedPositions);
  }

  /** What the absence of a key means. */
  Dialect absent(String key, Object meaning) {
    return new Dialect(
        spellings,
        with(absent, key, new ObjectMapper().valueToTree(meaning)),
        only,
        activations,
        sliding,
        rotating,
        localTheta,
        learnedPositions);
  }

  /** The family's definition holds for this value of a key only, which is also its default. */
  Dialect only(String key, Object value) {
    return new Dialect(
        spellings,
        absent,
        with(only, key, new ObjectMapper().valueToTree(value)),
        activations,
        sliding,
        rotating,
        localTheta,
        learnedPositions);
  }

  /** An activation's name means another one in this family. */
  Dialect activation(String name, String means) {
    return new Dialect(
        spellings,
        absent,
        only,
        with(activations, name, means),
        sliding,
        rotating,
        localTheta,
        learnedPositions);
  }

  /** Which layers see only {@code sliding_window} positions. */
  Dialect sliding(LayerRule which) {
    return new Dialect(
        spellings, absent, only, activations, which, rotating, localTheta, learnedPositions);
  }

  /** On which layers queries and keys turn. */
  Dialect rotating(LayerRule which) {
    return new Dialect(
        spellings, absent, only, activations, sliding, which, localTheta, learnedPositions);
  }

  /**
   * Layers that see only a window turn by another base, without scaling. A file may also say so of
   * each kind of layer, under {@code rope_parameters}.
   *
   * @param key under which the base stands
   */
  Dialect localTheta(String key) {
    return new Dialect(
        spellings, absent, only, activations, sliding, rotating, key, learnedPositions);
  }

  /** Nothing rotates. */
  Dialect withLearnedPositions() {
    return new Dialect(
        spellings, absent, only, activations, sliding, (config, layer) -> false, localTheta, true);
  }

  /** What {@code layer_types} says of a layer, or {@code otherwise} where there is no such list. */
  static boolean typed(JsonNode config, int layer, boolean otherwise) {
    JsonNode types = config.path("layer_types");
    return types.isArray() ? types.path(layer).asText().equals("sliding_attention") : otherwise;
  }

  private static <V> Map<String, V> with(Map<String, V> map, String key, V value) {
    Map<String, V> more = new HashMap<>(map);
    more.put(key, value);
    return more;
  }
}
