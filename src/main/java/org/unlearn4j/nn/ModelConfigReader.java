package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.Sentences;
import org.unlearn4j.base.UserException;

/**
 * Reads both spellings of {@code config.json} in the {@link Dialect} of its family; collects every
 * mistake before it complains.
 */
final class ModelConfigReader {
  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";
  private static final Set<String> LAYER_TYPES = Set.of(FULL, SLIDING);

  /**
   * Far above every published model (126 layers, 256 features a head), and far below what would
   * fill memory before any weight is looked at.
   */
  private static final Map<String, Integer> MOST =
      Map.of("num_hidden_layers", 4096, "head_dim", 1 << 16, "max_position_embeddings", 1 << 30);

  private static final int MOST_FEATURES = 1 << 27;

  private final Path file;
  private final String place;
  private final ObjectNode json;
  private final ObjectNode whole;
  private final Dialect dialect;
  private final Set<String> mistakes = new LinkedHashSet<>();
  private final Set<String> unsupported = new LinkedHashSet<>();

  private ModelConfigReader(
      Path file, String place, ObjectNode json, ObjectNode whole, Dialect dialect) {
    this.file = file;
    this.place = place;
    this.json = json;
    this.whole = whole;
    this.dialect = dialect;
  }

  static ModelConfig read(Path name, ObjectNode whole) {
    Optional<Wrapper> wrapper =
        Wrapper.of(whole.path("model_type").asText(""))
            .filter(w -> whole.path(Wrapper.TEXT).isObject());
    ObjectNode json = wrapper.map(w -> w.text(whole)).orElse(whole);
    String place = wrapper.isPresent() ? Wrapper.TEXT + "." : "";
    String type = json.path("model_type").asText("");
    if (!Families.knows(type)) {
      String found = type.isEmpty() ? "nothing" : json.path("model_type").toString();
      throw UserException.at(name, place + "model_type", found, Families.expected());
    }
    return new ModelConfigReader(name, place, json, whole, Families.dialect(type)).parse(type);
  }

  static ModelConfig read(Path path) {
    Path file = Files.isDirectory(path) ? path.resolve("config.json") : path;
    return read(file, JsonInput.object(file, "a Hugging Face config.json"));
  }

  private ModelConfig parse(String type) {
    int hidden = integer("hidden_size");
    int heads = integer("num_attention_heads");
    int kvHeads = optional("num_key_value_heads", heads);
    int headDim = headDim(hidden, heads);
    int intermediate =
        dialect.learnedPositions()
            ? optional("intermediate_size", 4 * hidden)
            : integer("intermediate_size");
    int vocab = integer("vocab_size");
    int layers = integer("num_hidden_layers");
    int positions = integer("max_position_embeddings");
    double epsilon = number("rms_norm_eps");
    Activation activation = activation();
    RopeSettings rope = dialect.learnedPositions() ? null : rope(headDim, positions, false);
    RopeSettings local = rope == null || !localRope() ? rope : rope(headDim, positions, true);
    List<OptionalInt> windows = windows(layers);
    double range = number("initializer_range");
    if (kvHeads > 0 && heads % kvHeads != 0) {
      mistakes.add(problem("num_key_value_heads", kvHeads, "a divisor of " + heads + " heads"));
    }
    if ((long) heads * headDim > MOST_FEATURES) {
      String expected = "at most " + MOST_FEATURES + " features of all heads";
      mistakes.add(problem("num_attention_heads", heads + " heads of " + headDim, expected));
    }
    only();
    if (!mistakes.isEmpty()) {
      mistakes.addAll(unsupported);
      throw new UserException(String.join(System.lineSeparator(), mistakes));
    }
    return new ModelConfig(
        type,
        vocab,
        hidden,
        intermediate,
        layers,
        heads,
        kvHeads,
        headDim,
        rope == null ? positions : rope.positions(),
        epsilon,
        activation,
        value("attention_bias").asBoolean(),
        value("mlp_bias").asBoolean(),
        value("tie_word_embeddings").asBoolean(),
        rotaries(layers, rope, local),
        windows,
        range,
        endOfText(),
        List.copyOf(unsupported),
        json,
        whole);
  }

  private int headDim(int hidden, int heads) {
    if (!value("head_dim").isMissingNode()) {
      return integer("head_dim");
    }
    if (heads > 0 && hidden % heads != 0) {
      mistakes.add(problem("hidden_size", hidden, "a multiple of " + heads + " heads"));
    }
    return hidden / Math.max(heads, 1);
  }

  /** Whether layers that see only a window have a rope of their own. */
  private boolean localRope() {
    return !dialect.localTheta().isEmpty() || json.path("rope_parameters").path(SLIDING).isObject();
  }

  /**
   * The rope of layers that see everything, or of those that see only a window. {@code
   * rope_parameters} may hold one for each kind of layer.
   */
  private RopeSettings rope(int headDim, int positions, boolean local) {
    JsonNode scaling = json.path("rope_parameters");
    boolean typed = scaling.path(FULL).isObject() || scaling.path(SLIDING).isObject();
    if (typed) {
      scaling = scaling.path(local ? SLIDING : FULL);
    } else if (!scaling.isObject()) {
      JsonNode old = json.path("rope_scaling");
      scaling = old.isObject() ? old : MissingNode.getInstance();
    }
    boolean unscaled = local && !typed;
    JsonNode theta =
        unscaled && !dialect.localTheta().equals("rope_theta")
            ? value(dialect.localTheta())
            : scaling.path("rope_theta");
    JsonNode share = scaling.path("partial_rotary_factor");
    JsonNode original = scaling.path("original_max_position_embeddings");
    double turning = share.isNumber() ? share.doubleValue() : number("partial_rotary_factor");
    if (!(turning >= 0 && turning <= 1)) {
      mistakes.add(problem("partial_rotary_factor", turning, "a number from 0 to 1"));
      turning = 1;
    }
    double base = theta.isNumber() ? theta.doubleValue() : number("rope_theta");
    if (!(base > 0 && base < Double.POSITIVE_INFINITY)) {
      mistakes.add(problem("rope_theta", base, "a number greater than 0"));
    }
    RopeSettings plain =
        new RopeSettings(
            headDim,
            turning,
            base,
            positions,
            original.isInt()
                ? original.intValue()
                : optional("original_max_position_embeddings", 0),
            MissingNode.getInstance());
    if (plain.rotated() % 2 != 0) {
      mistakes.add(
          problem("head_dim", plain.rotated() + " rotating features a head", "an even number"));
      return plain.scaledBy(MissingNode.getInstance());
    }
    RopeSettings scaled = plain.scaledBy(unscaled ? MissingNode.getInstance() : scaling);
    String mistake = scaled.mistake();
    if (mistake.isEmpty()) {
      return scaled;
    }
    unsupported.add(file + ", " + place + "rope_scaling: found " + Sentences.line(mistake) + ".");
    return plain;
  }

  /** How each layer turns queries and keys. */
  private List<Optional<Rotary>> rotaries(int layers, RopeSettings rope, RopeSettings local) {
    Rotary[] turns = rope == null ? new Rotary[0] : new Rotary[] {rope.rotary(), local.rotary()};
    List<Optional<Rotary>> rotaries = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      int kind = dialect.sliding().holds(json, l) ? 1 : 0;
      boolean turning = dialect.rotating().holds(json, l);
      rotaries.add(turning ? Optional.of(turns[kind]) : Optional.empty());
    }
    return rotaries;
  }

  private Activation activation() {
    String name = value("hidden_act").asText();
    try {
      return Activation.named(dialect.activations().getOrDefault(name, name));
    } catch (IllegalArgumentException e) {
      unsupported.add(
          file
              + ", "
              + place
              + spelling("hidden_act")
              + ": found "
              + Sentences.line(e.getMessage())
              + ".");
      return Activation.SILU;
    }
  }

  /** A window that is null is none; one that is absent is what the family means by that. */
  private List<OptionalInt> windows(int layers) {
    boolean none = json.has("sliding_window") && json.path("sliding_window").isNull();
    List<OptionalInt> windows = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      boolean slides = !none && dialect.sliding().holds(json, l);
      int width = slides ? optional("sliding_window", 0) : 0;
      windows.add(width > 0 ? OptionalInt.of(width) : OptionalInt.empty());
    }
    return windows;
  }

  /** Settings that change the mathematics beyond what the family's definition covers. */
  private void only() {
    dialect
        .only()
        .forEach(
            (key, value) -> {
              JsonNode found = json.path(key);
              if (!found.isMissingNode() && !found.isNull() && !found.equals(value)) {
                unsupported.add(problem(key, found, value.toString()));
              }
            });
    for (JsonNode type : json.path("layer_types")) {
      if (!LAYER_TYPES.contains(type.asText())) {
        unsupported.add(problem("layer_types", type, "full_attention or sliding_attention"));
        break;
      }
    }
    JsonNode quantized = json.path("quantization_config");
    JsonNode packed = dialect.only().get(Dialect.PACKED);
    if (quantized.isObject() && !quantized.path("quant_method").equals(packed)) {
      String expected = packed == null ? "none" : "none, or those of " + packed;
      unsupported.add(problem("quantization_config", "quantised weights", expected));
    }
  }

  private List<Integer> endOfText() {
    JsonNode eos = json.path("eos_token_id");
    List<Integer> ids = new ArrayList<>();
    if (eos.isInt()) {
      ids.add(eos.asInt());
    }
    eos.forEach(id -> ids.add(id.asInt()));
    return ids;
  }

  /** A key under whichever of its names is there, else what its absence means. */
  private JsonNode value(String key) {
    JsonNode value = json.path(spelling(key));
    JsonNode absent = dialect.absent().get(key);
    boolean given = !value.isMissingNode() && !value.isNull();
    return given ? value : absent == null ? MissingNode.getInstance() : absent;
  }

  /** The name under which the file has a key; the family's first where it has none. */
  private String spelling(String key) {
    List<String> names = dialect.spellings().getOrDefault(key, List.of(key));
    return names.stream().filter(json::hasNonNull).findFirst().orElse(names.get(0));
  }

  private int integer(String key) {
    JsonNode value = value(key);
    int most = MOST.getOrDefault(key, MOST_FEATURES);
    if (!value.isInt() || value.asInt() <= 0 || value.asInt() > most) {
      JsonNode found = json.path(spelling(key));
      boolean large = value.isIntegralNumber() && value.doubleValue() > most;
      String expected = "a positive integer" + (large ? " of at most " + most : "");
      mistakes.add(problem(key, found.isMissingNode() ? "nothing" : found, expected));
      return 0;
    }
    return value.asInt();
  }

  private int optional(String key, int absent) {
    return value(key).isMissingNode() ? absent : integer(key);
  }

  private double number(String key) {
    JsonNode value = value(key);
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      mistakes.add(problem(key, value.isMissingNode() ? "nothing" : value, "a number"));
    }
    return value.asDouble();
  }

  private String problem(String key, Object found, String expected) {
    return UserException.at(file, place + spelling(key), String.valueOf(found), expected)
        .getMessage();
  }
}
