package org.unlearn4j.nn;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.UserException;

/** Reads both spellings of {@code config.json}; collects every mistake before it complains. */
final class ModelConfigReader {
  private final Path file;
  private final ObjectNode json;
  private final List<String> mistakes = new ArrayList<>();

  private ModelConfigReader(Path file, ObjectNode json) {
    this.file = file;
    this.json = json;
  }

  static ModelConfig read(Path name, ObjectNode json) {
    return new ModelConfigReader(name, json).parse();
  }

  static ModelConfig read(Path path) {
    Path file = Files.isDirectory(path) ? path.resolve("config.json") : path;
    if (!Files.isRegularFile(file)) {
      throw UserException.at(file, "", "no such file", "a Hugging Face config.json");
    }
    try {
      JsonNode node = new ObjectMapper().readTree(file.toFile());
      if (!(node instanceof ObjectNode object)) {
        throw UserException.at(file, "", "no JSON object", "a Hugging Face config.json");
      }
      return new ModelConfigReader(file, object).parse();
    } catch (JsonProcessingException e) {
      throw UserException.at(
          file,
          "line " + e.getLocation().getLineNr(),
          "invalid JSON (" + e.getOriginalMessage() + ")",
          "JSON");
    } catch (IOException e) {
      throw new UserException(file + ": could not be read (" + e.getMessage() + ").", e);
    }
  }

  private ModelConfig parse() {
    String type = json.path("model_type").asText("");
    boolean gpt2 = type.equals("gpt2");
    int hidden = integer(gpt2 ? "n_embd" : "hidden_size");
    int heads = integer(gpt2 ? "n_head" : "num_attention_heads");
    int kvHeads = gpt2 ? heads : optional("num_key_value_heads", heads);
    int headDim =
        gpt2 ? hidden / Math.max(heads, 1) : optional("head_dim", hidden / Math.max(heads, 1));
    int intermediate = gpt2 ? optional("n_inner", 4 * hidden) : integer("intermediate_size");
    int vocab = integer("vocab_size");
    int layers = integer(gpt2 ? "n_layer" : "num_hidden_layers");
    int positions = integer(gpt2 ? "n_positions" : "max_position_embeddings");
    double epsilon = gpt2 ? number("layer_norm_epsilon", 1e-5) : number("rms_norm_eps", 1e-6);
    Activation activation =
        activation(gpt2 ? "activation_function" : "hidden_act", gpt2 ? "gelu_new" : "silu");
    Rotary rotary = gpt2 ? null : rotary(headDim);
    boolean tied = json.path("tie_word_embeddings").asBoolean(gpt2);
    if (kvHeads > 0 && heads % kvHeads != 0) {
      mistakes.add(
          problem(
              "num_key_value_heads", String.valueOf(kvHeads), "a divisor of " + heads + " heads"));
    }
    if (gpt2 && heads > 0 && hidden % heads != 0) {
      mistakes.add(problem("n_embd", String.valueOf(hidden), "a multiple of " + heads + " heads"));
    }
    if (!mistakes.isEmpty() && !Families.knows(type)) {
      // Another family spells its keys otherwise: that they are missing would mislead.
      throw new UserException(
          problem(
              "model_type",
              type.isEmpty() ? "nothing" : json.path("model_type").toString(),
              Families.expected()));
    }
    if (!mistakes.isEmpty()) {
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
        positions,
        epsilon,
        activation,
        json.path("attention_bias").asBoolean(false),
        json.path("mlp_bias").asBoolean(false),
        tied,
        rotary,
        number("initializer_range", 0.02),
        endOfText(),
        json);
  }

  private Rotary rotary(int headDim) {
    JsonNode scaling = json.path("rope_parameters");
    if (!scaling.isObject()) {
      JsonNode old = json.path("rope_scaling");
      scaling = old.isObject() ? old : MissingNode.getInstance();
    }
    double theta = scaling.path("rope_theta").asDouble(number("rope_theta", 10000));
    double share =
        scaling.path("partial_rotary_factor").asDouble(number("partial_rotary_factor", 1));
    try {
      return Rotary.of(headDim, share, theta, scaling);
    } catch (IllegalArgumentException e) {
      mistakes.add(file + ": found " + e.getMessage() + ".");
      return null;
    }
  }

  private Activation activation(String key, String absent) {
    try {
      return Activation.named(json.path(key).asText(absent));
    } catch (IllegalArgumentException e) {
      mistakes.add(file + ", " + key + ": found " + e.getMessage() + ".");
      return null;
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

  private int integer(String key) {
    JsonNode value = json.path(key);
    if (!value.isInt() || value.asInt() <= 0) {
      mistakes.add(
          problem(key, value.isMissingNode() ? "nothing" : value.toString(), "a positive integer"));
      return 0;
    }
    return value.asInt();
  }

  private int optional(String key, int absent) {
    return json.path(key).isMissingNode() || json.path(key).isNull() ? absent : integer(key);
  }

  private double number(String key, double absent) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return absent;
    }
    if (!value.isNumber()) {
      mistakes.add(problem(key, value.toString(), "a number"));
    }
    return value.asDouble();
  }

  private String problem(String key, String found, String expected) {
    return file + ", " + key + ": found " + found + ", expected " + expected + ".";
  }
}
