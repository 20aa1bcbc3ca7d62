package org.unlearn4j.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Fixture;

class ModelConfigTest {
  @TempDir Path folder;

  private static ModelConfig config(String fixture, String file) {
    return ModelConfig.read(Fixture.named(fixture).folder().resolve(file));
  }

  /** All that is read of a configuration, but not the file's own spelling. */
  private static String content(ModelConfig c) {
    ModelConfig without =
        new ModelConfig(
            c.modelType(),
            c.vocabSize(),
            c.hiddenSize(),
            c.intermediateSize(),
            c.layers(),
            c.heads(),
            c.kvHeads(),
            c.headDim(),
            c.maxPositions(),
            c.normEpsilon(),
            c.activation(),
            c.attentionBias(),
            c.mlpBias(),
            c.tiedEmbeddings(),
            c.rotaries(),
            c.windows(),
            c.initializerRange(),
            c.eosTokenIds(),
            c.unsupported(),
            new ObjectMapper().createObjectNode(),
            new ObjectMapper().createObjectNode());
    return without.toString();
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void bothSpellingsSayTheSame(String fixture) {
    ModelConfig current = config(fixture, "config.json");
    ModelConfig older = config(fixture, "config.legacy.json");
    assertNotEquals(current.json(), older.json(), "the fixture has two spellings");
    assertEquals(content(current), content(older));
  }

  @Test
  void whatTheFixturesSay() {
    ModelConfig llama = config("llama", "config.legacy.json");
    assertEquals(
        List.of(120, 32, 64, 3, 4, 2, 8, 256),
        List.of(
            llama.vocabSize(),
            llama.hiddenSize(),
            llama.intermediateSize(),
            llama.layers(),
            llama.heads(),
            llama.kvHeads(),
            llama.headDim(),
            llama.maxPositions()));
    assertEquals(0.002, llama.normEpsilon());
    assertEquals(List.of(2), llama.eosTokenIds());
    assertEquals(Activation.SILU, llama.activation());
    ModelConfig gpt2 = config("gpt2", "config.json");
    assertEquals(4 * 32, gpt2.intermediateSize(), "n_inner null means four times the width");
    assertEquals(4, gpt2.kvHeads());
    assertTrue(gpt2.tiedEmbeddings());
    assertFalse(gpt2.rotates());
    assertEquals(Activation.GELU_TANH, gpt2.activation());
  }

  @Test
  void whatIsLeftOutHasItsUsualMeaning() throws IOException {
    ModelConfig bare =
        read(
            """
            {"model_type": "llama", "vocab_size": 10, "hidden_size": 8, "intermediate_size": 9,
             "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 4,
             "num_key_value_heads": null, "eos_token_id": [3, 4]}
            """);
    assertEquals(List.of(2, 4), List.of(bare.kvHeads(), bare.headDim()));
    assertEquals(1e-6, bare.normEpsilon());
    assertEquals(List.of(3, 4), bare.eosTokenIds());
    assertEquals(false, bare.tiedEmbeddings());
    // theta 10000, four features a head: 10000^0 and 10000^(-2/4)
    assertEquals(List.of(1.0, 0.01), rope(bare).inverseFrequencies());
    // GPT-2's files mostly do not say that the head is the token table.
    ObjectNode gpt2 = config("gpt2", "config.json").json().deepCopy();
    gpt2.remove("tie_word_embeddings");
    assertTrue(ModelConfig.of(gpt2).tiedEmbeddings());
  }

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void rotaryFrequenciesAreTheReferences(String fixture) {
    if (Fixture.named(fixture).expected().path("rotary_inv_freq").isNull()) {
      assertFalse(config(fixture, "config.json").rotates());
    } else {
      rotary(fixture, config(fixture, "config.json"));
    }
  }

  /** The rope of the first layer that has one. */
  private static Rotary rope(ModelConfig config) {
    return config.rotaries().stream().flatMap(Optional::stream).findFirst().orElseThrow();
  }

  /** Of every layer that turns; layers with a window may have a rope of their own. */
  private static void rotary(String fixture, ModelConfig config) {
    JsonNode expected = Fixture.named(fixture).expected();
    JsonNode local = expected.path("rotary_inv_freq_sliding");
    for (int l = 0; l < config.layers(); l++) {
      boolean own = !local.isMissingNode() && config.windows().get(l).isPresent();
      double[] due = Fixture.doubles(own ? local : expected.path("rotary_inv_freq"));
      double magnitude = own ? 1 : expected.path("rotary_attention_factor").asDouble(1);
      config.rotaries().get(l).ifPresent(found -> frequencies(due, magnitude, found));
    }
  }

  private static void frequencies(double[] due, double magnitude, Rotary found) {
    assertEquals(due.length, found.inverseFrequencies().size());
    assertClose("magnitude", magnitude, found.magnitude(), 0, 1e-11); // as it is printed
    for (int i = 0; i < due.length; i++) {
      assertClose("frequency " + i, due[i], found.inverseFrequencies().get(i), 0, 1e-9);
    }
  }

  @Test
  void negativeControlsOfTheFrequencies() {
    // Scaled everywhere ("linear"), not at all, or with the two bounds mixed up.
    for (String change :
        List.of(
            "{\"rope_type\": \"linear\"}",
            "{\"rope_type\": \"default\"}",
            "{\"low_freq_factor\": 4.0, \"high_freq_factor\": 1.0}")) {
      ObjectNode json = config("llama3_rope", "config.json").json().deepCopy();
      ObjectNode rope = (ObjectNode) json.path("rope_parameters");
      parse(change).properties().forEach(e -> rope.set(e.getKey(), e.getValue()));
      ModelConfig wrong = ModelConfig.of(json);
      assertThrows(AssertionFailedError.class, () -> rotary("llama3_rope", wrong), change);
    }
  }

  @Test
  void veryOldFilesSayTypeForRopeType() {
    ObjectNode json = config("llama3_rope", "config.legacy.json").json().deepCopy();
    ObjectNode scaling = (ObjectNode) json.path("rope_scaling");
    scaling.set("type", scaling.remove("rope_type"));
    rotary("llama3_rope", ModelConfig.of(json));
  }

  @Test
  void anUnknownFamilyIsToldWhichAreKnown() throws IOException {
    // With the very keys of a Llama, and with keys of its own.
    ObjectNode like = config("llama", "config.json").json().deepCopy().put("model_type", "lama");
    refuses(
        () -> Decoder.of(ModelConfig.of(like)),
        "config.json, model_type: found \"lama\", expected one of gemma, gemma2,");
    refuses(
        () -> read("{\"model_type\": \"mpt\", \"d_model\": 8, \"n_layers\": 2}"),
        "config.json, model_type: found \"mpt\", expected one of gemma, gemma2,");
    refuses(() -> read("{}"), "config.json, model_type: found nothing, expected one of");
  }

  @Test
  void allMistakesAtOnce() {
    ObjectNode json = config("llama", "config.json").json().deepCopy();
    json.remove("vocab_size");
    json.put("hidden_size", "wide").put("num_hidden_layers", 0).put("hidden_act", "mish");
    json.put("num_key_value_heads", 3).put("rms_norm_eps", "tiny");
    ((ObjectNode) json.path("rope_parameters")).put("rope_type", "ntk");
    String message = assertThrows(UserException.class, () -> ModelConfig.of(json)).getMessage();
    List<String> expected =
        List.of(
            "vocab_size: found nothing, expected a positive integer.",
            "hidden_size: found \"wide\", expected a positive integer.",
            "num_hidden_layers: found 0, expected a positive integer.",
            "hidden_act: found activation \"mish\", expected one of",
            "num_key_value_heads: found 3, expected a divisor of 4 heads.",
            "rms_norm_eps: found \"tiny\", expected a number.",
            "found rope_type \"ntk\", expected one of default, dynamic, linear, llama3, longrope,"
                + " yarn.");
    for (String part : expected) {
      assertTrue(message.contains(part), part + " in: " + message);
    }
    assertEquals(expected.size(), message.lines().count(), message);
    assertTrue(message.lines().allMatch(l -> l.startsWith("config.json") && l.endsWith(".")));
  }

  private static String windows(String fixture, Consumer<ObjectNode> change) {
    ObjectNode json = config(fixture, "config.json").json().deepCopy();
    change.accept(json);
    return ModelConfig.of(json).windows().stream()
        .map(w -> w.isPresent() ? String.valueOf(w.getAsInt()) : "all")
        .collect(Collectors.joining(" "));
  }

  @Test
  void whichLayersSeeOnlyAWindow() {
    assertEquals("5 all 5", windows("gemma2", c -> {}));
    assertEquals("5 all 5", windows("gemma2", c -> c.remove("layer_types")));
    assertEquals("4096 all 4096", windows("gemma2", c -> c.remove("sliding_window")));
    assertEquals("all all all", windows("gemma2", c -> c.putNull("sliding_window")));
    assertEquals("all all", windows("mistral", c -> {}));
    assertEquals("3 3", windows("mistral", c -> c.put("sliding_window", 3)));
    assertEquals("3 3", windows("phi3", c -> c.put("sliding_window", 3)));
    assertEquals("all all", windows("phi3", c -> c.remove("sliding_window")));
    // Llama has no windows, whatever its file says.
    assertEquals("all all all", windows("llama", c -> c.put("sliding_window", 3)));
    for (String qwen : List.of("qwen2", "qwen3")) {
      assertEquals("all all", windows(qwen, c -> c.put("sliding_window", 3)));
      assertEquals(
          "all 3",
          windows(
              qwen,
              c -> {
                c.put("sliding_window", 3).put("use_sliding_window", true);
                c.put("max_window_layers", 1).remove("layer_types");
              }));
      assertEquals(
          "3 all",
          windows(
              qwen,
              c -> {
                c.put("sliding_window", 3).put("use_sliding_window", true);
                c.putArray("layer_types").add("sliding_attention").add("full_attention");
              }));
    }
  }

  /**
   * Phi-3.5: original length 4, four times as long at most. Frequencies are divided by the short
   * factors, beyond the original length by the long ones; sqrt(1 + ln 4 / ln 4) = sqrt 2.
   */
  @Test
  void longRopeHasFactorsForEitherLength() {
    ObjectNode json = config("phi3", "config.legacy.json").json().deepCopy();
    json.put("max_position_embeddings", 16).put("original_max_position_embeddings", 4);
    json.put("rope_theta", 10000.0);
    ObjectNode scaling = json.putObject("rope_scaling").put("type", "longrope");
    scaling.putArray("short_factor").add(1.0).add(2.0).add(4.0).add(8.0);
    scaling.putArray("long_factor").add(3.0).add(3.0).add(3.0).add(3.0);
    ModelConfig config = ModelConfig.of(json);
    assertEquals(16, config.maxPositions());
    assertEquals(OptionalInt.of(4), config.cacheLimit());
    assertEquals(OptionalInt.empty(), config("phi3", "config.json").cacheLimit());
    assertEquals(Math.sqrt(2), rope(config).magnitude(), 1e-15);
    double[] expected = {1, 0.1 / 2, 0.01 / 4, 0.001 / 8};
    for (int i = 0; i < expected.length; i++) {
      assertClose("frequency", expected[i], rope(config).inverseFrequencies().get(i), 0, 1e-12);
    }
    double[] longer = {1.0 / 3, 0.1 / 3, 0.01 / 3, 0.001 / 3};
    List<Double> found = rope(config).longer().orElseThrow().inverseFrequencies();
    for (int i = 0; i < longer.length; i++) {
      assertClose("frequency beyond", longer[i], found.get(i), 0, 1e-12);
    }
    scaling.put("type", "su").put("attention_factor", 1.25);
    assertEquals(1.25, rope(ModelConfig.of(json)).magnitude());
    scaling.remove("short_factor");
    unsupported(json, "no short_factor and long_factor for each of 4 frequencies");
  }

  /**
   * Dynamic scaling takes theta times (factor n / first - (factor - 1))^(d / (d - 2)) for n tokens,
   * or for the first length where there are fewer: factor - (factor - 1) = 1 of it up to there.
   */
  @Test
  void dynamicScalingBeginsBeyondTheFirstLength() {
    ObjectNode json = changed("llama", c -> c.put("max_position_embeddings", 32));
    List<Double> plain = rope(ModelConfig.of(json)).inverseFrequencies();
    json.withObjectProperty("rope_parameters").put("rope_type", "dynamic").put("factor", 2.0);
    assertEquals(plain, rope(ModelConfig.of(json)).inverseFrequencies());
    assertEquals(32, ModelConfig.of(json).maxPositions());
    json.put("original_max_position_embeddings", 8);
    assertEquals(8, ModelConfig.of(json).maxPositions(), "no further than where it begins");
  }

  /** A setting that would change the mathematics is refused, not ignored. */
  @Test
  void whatADefinitionDoesNotCover() {
    unsupported(changed("phi", c -> c.put("qk_layernorm", true)), "qk_layernorm: found true");
    unsupported(
        changed("gemma", c -> c.put("use_bidirectional_attention", true)),
        "use_bidirectional_attention: found true, expected false");
    unsupported(
        changed("gpt2", c -> c.put("scale_attn_by_inverse_layer_idx", true)),
        "scale_attn_by_inverse_layer_idx");
    unsupported(
        changed("llama", c -> c.putObject("quantization_config").put("bits", 4)),
        "quantization_config: found quantised weights");
    unsupported(
        changed("qwen3", c -> c.putArray("layer_types").add("linear_attention")),
        "layer_types: found \"linear_attention\"");
  }

  private static ObjectNode changed(String fixture, Consumer<ObjectNode> change) {
    ObjectNode json = config(fixture, "config.json").json().deepCopy();
    change.accept(json);
    return json;
  }

  private static void unsupported(ObjectNode json, String part) {
    ModelConfig config = ModelConfig.of(json);
    assertEquals(1, config.unsupported().size(), config.unsupported().toString());
    refuses(() -> Decoder.of(config), part);
  }

  /** What would fill memory, or nothing, before any weight is read. */
  @Test
  void numbersBeyondAnyModel() {
    Map<String, String> found =
        Map.of(
            "num_hidden_layers", "200000000 | at most 4096",
            "head_dim", "1000000000 | at most 65536",
            "hidden_size", "2000000000 | at most 134217728",
            "vocab_size", "9000000000 | at most 134217728",
            "partial_rotary_factor", "-1 | from 0 to 1",
            "rope_theta", "0 | greater than 0",
            "rms_norm_eps", "1e999 | a number");
    found.forEach(
        (key, value) -> {
          String[] parts = value.split(" \\| ", 2);
          ObjectNode json = changed("llama", c -> c.remove("rope_parameters"));
          json.set(key, parse("{\"v\": " + parts[0] + "}").get("v"));
          refuses(() -> ModelConfig.of(json), key + ": found ", parts[1]);
        });
    ObjectNode wide =
        changed("llama", c -> c.put("num_attention_heads", 1 << 16).put("head_dim", 1 << 16));
    wide.remove("num_key_value_heads");
    refuses(() -> ModelConfig.of(wide), "found 65536 heads of 65536, expected at most");
    ObjectNode deep = changed("llama", c -> c.put("model_type", "x".repeat(70_000)));
    refuses(() -> ModelConfig.of(deep), "model_type: found \"xxx");
  }

  @Test
  void headsWithoutPartners() {
    ObjectNode json = config("llama", "config.json").json().deepCopy().put("head_dim", 7);
    refuses(
        () -> ModelConfig.of(json), "found 7 rotating features a head, expected an even number");
    ObjectNode gpt2 = config("gpt2", "config.json").json().deepCopy().put("n_head", 5);
    refuses(() -> ModelConfig.of(gpt2), "n_embd: found 32, expected a multiple of 5 heads");
  }

  @Test
  void filesThatAreNone() throws IOException {
    refuses(() -> ModelConfig.read(folder), "config.json: found no such file");
    refuses(() -> read("{\n\"model_type\": \n}"), "config.json, line 3: found invalid JSON");
    refuses(() -> read("[]"), "config.json: found no JSON object");
  }

  private ModelConfig read(String json) throws IOException {
    return ModelConfig.read(Files.writeString(folder.resolve("config.json"), json));
  }

  private static ObjectNode parse(String json) {
    try {
      return (ObjectNode) new ObjectMapper().readTree(json);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void refuses(Executable action, String... parts) {
    String message = assertThrows(UserException.class, action).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
    assertTrue(message.length() <= 500, message);
    assertEquals(1, message.lines().count(), message);
  }
}
