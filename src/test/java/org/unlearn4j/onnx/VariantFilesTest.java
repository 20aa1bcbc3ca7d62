package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.ChangedModel;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.weights.Variant;

/** What is beside the graphs: data files, what clients read, and the comparison with before. */
class VariantFilesTest {
  private static final List<String> ALL = Variant.labels();

  @TempDir Path temp;

  @Test
  void dataGoesIntoSeveralFilesNoneBeyondTheLimitButForOneTensor() throws IOException {
    Path one = export(ExportOptions.of(ALL).inlineLimit(0));
    // The largest tensors, table and head, are 120 * 32 floats: 15360 bytes, 4 pages.
    Path several = export(ExportOptions.of(ALL).inlineLimit(0).dataFileLimit(10_000));
    JsonNode outside = outside(several);
    for (Variant v : Variant.values()) {
      int files = outside.path(v.fileName()).asInt();
      assertTrue(files > 2, v.label() + ": " + files + " files");
      for (int i = 0; i < files; i++) {
        Path data = several.resolve("onnx").resolve(v.fileName() + data(i));
        assertTrue(Files.size(data) <= 16_384, data + ": " + Files.size(data));
      }
      assertFalse(Files.exists(several.resolve("onnx").resolve(v.fileName() + data(files))));
      assertEquals(1, outside(one).path(v.fileName()).asInt());
      try (OrtModel a = OrtModel.open(one, v.label(), 1);
          OrtModel b = OrtModel.open(several, v.label(), 1)) {
        var rows = Fixture.rows(Fixture.named("llama").expected());
        assertArrayEquals(a.logits(rows)[0][3], b.logits(rows)[0][3]);
        assertEquals(a.score(rows).get(0).nll(), b.score(rows).get(0).nll());
      }
    }
    Path second = several.resolve("onnx").resolve("model_q4.onnx_data_1");
    byte[] bytes = Files.readAllBytes(second);
    bytes[0] ^= 1;
    Files.write(second, bytes);
    String message =
        assertThrows(UserException.class, () -> OrtModel.open(several, "int4", 1)).getMessage();
    assertTrue(message.startsWith(second + ": found content of SHA-256"), message);
  }

  private static String data(int i) {
    return "_data" + (i == 0 ? "" : "_" + i);
  }

  private static JsonNode outside(Path folder) throws IOException {
    return json(folder, "config.json")
        .path("transformers.js_config")
        .path("use_external_data_format");
  }

  @Test
  void clientsAreToldWhatTheyCannotSee() throws IOException {
    Path all = export(ExportOptions.of(List.of("int4", "fp16", "fp32")));
    JsonNode client = json(all, "config.json").path("transformers.js_config");
    assertEquals("{\"kv_cache_dtype\":{\"fp16\":\"float16\"}}", client.toString());
    assertEquals("onnx/model.onnx", decoderFile(all));
    Path small = export(ExportOptions.of(List.of("int4", "int8-dynamic")));
    client = json(small, "config.json").path("transformers.js_config");
    assertEquals("{\"dtype\":\"q8\"}", client.toString());
    assertEquals("onnx/model_quantized.onnx", decoderFile(small));
    try (OrtModel model = OrtModel.open(small, "int4", 1)) {
      assertEquals("int4", model.metadata().get("unlearn4j.variant"));
      assertEquals("1", model.metadata().get("unlearn4j.accuracy_level"));
    }
  }

  private static String decoderFile(Path folder) throws IOException {
    return json(folder, "genai_config.json")
        .path("model")
        .path("decoder")
        .path("filename")
        .asText();
  }

  @Test
  void anUnlearningThatRoundingUndoesIsSaidLoudly() throws IOException {
    Path before = Fixture.named("llama").folder();
    // Every weight of linear maps a little off: a 10000th of itself is no new code of int4.
    Path weak = changed(w -> w * 1.0001f);
    OnnxExporter.Exported exported = exportWith(weak, before);
    String changed = exported.notes().get(0);
    assertTrue(changed.endsWith("of the weights of linear maps changed since the model before."));
    String int4 = note(exported, "int4");
    assertTrue(int4.startsWith("WARNING, int4: 100.00 % of the codes are those"), int4);
    JsonNode found = json(exported.folder(), "quantization.json");
    assertTrue(found.path("variants").path("int4").path("rounded_away").asBoolean());
    assertEquals(1, found.path("changed_weights").asDouble(), 1e-2);
    try (OrtModel model = OrtModel.open(exported.folder(), "int4", 1)) {
      assertTrue(Double.parseDouble(model.metadata().get("unlearn4j.equal_codes")) > 0.99);
    }
  }

  @Test
  void anUnlearningThatSurvivesIsNotCalledRoundedAway() throws IOException {
    Path before = Fixture.named("llama").folder();
    int[] n = {0};
    Path strong = changed(w -> w + (n[0]++ % 2 == 0 ? 0.1f : -0.1f));
    OnnxExporter.Exported exported = exportWith(strong, before);
    for (String v : List.of("fp16", "int8", "int8-dynamic", "int4")) {
      assertFalse(note(exported, v).startsWith("WARNING"), note(exported, v));
    }
    JsonNode found = json(exported.folder(), "quantization.json");
    assertTrue(found.path("variants").path("int4").path("equal_codes").asDouble() < 0.9);
    // And what did not change at all is equal in every code.
    JsonNode same = json(exportWith(before, before).folder(), "quantization.json");
    assertEquals(0, same.path("changed_weights").asDouble(-1));
    assertEquals(1, same.path("variants").path("int8").path("equal_codes").asDouble());
    assertTrue(same.path("variants").path("int8").path("equal_codes_of_changed").isMissingNode());
    assertFalse(same.path("variants").path("int8").path("rounded_away").asBoolean(true));
    assertEquals(
        "WARNING, no weight of a linear map changed since the model before.",
        exportWith(before, before).notes().get(0));
  }

  /**
   * One matrix of 16 x 32 is trained, of 31488 weights in all: head 120 x 32, and a layer q and o
   * 32 x 32, k and v 16 x 32, three 64 x 32. More than 99 % of all codes stay whatever happens.
   */
  @Test
  void whatWasNotTrainedIsNotCounted() throws IOException {
    Path before = Fixture.named("llama").folder();
    String trained = "model.layers.1.self_attn.v_proj.weight";
    int[] n = {0};
    Path strong = changed(trained, w -> w + (n[0]++ % 2 == 0 ? 0.1f : -0.1f));
    OnnxExporter.Exported survives = exportWith(strong, before);
    Path weak = changed(trained, w -> w * 1.0001f);
    OnnxExporter.Exported undone = exportWith(weak, before);
    double share = 512 / 31488.0;
    for (String v : List.of("int8", "int8-dynamic", "int4")) {
      JsonNode kept = json(survives.folder(), "quantization.json").path("variants").path(v);
      JsonNode lost = json(undone.folder(), "quantization.json").path("variants").path(v);
      for (JsonNode each : List.of(kept, lost)) {
        // What did not change kept its code, for rows and blocks are of one matrix.
        double ofChanged = each.path("equal_codes_of_changed").asDouble(Double.NaN);
        double expected = 1 - share * (1 - ofChanged);
        assertEquals(expected, each.path("equal_codes").asDouble(Double.NaN), 1e-12, v);
      }
      // By the share of all codes the two are hardly to be told apart.
      assertTrue(lost.path("equal_codes").asDouble() > 0.99, v + lost);
      assertTrue(kept.path("equal_codes").asDouble() > 0.98, v + kept);
      assertFalse(kept.path("rounded_away").asBoolean(true), v + kept);
      assertFalse(note(survives, v).startsWith("WARNING"), note(survives, v));
      assertTrue(lost.path("rounded_away").asBoolean(), v + lost);
      assertTrue(
          note(undone, v).startsWith("WARNING, " + v + ": ")
              && note(undone, v).contains(" of those whose weights changed."),
          note(undone, v));
      try (OrtModel model = OrtModel.open(survives.folder(), v, 1)) {
        assertEquals(
            kept.path("equal_codes_of_changed").asDouble(),
            Double.parseDouble(model.metadata().get("unlearn4j.equal_codes_of_changed")),
            0);
      }
    }
    double changed =
        json(survives.folder(), "quantization.json").path("changed_weights").asDouble();
    assertEquals(share, changed, 1e-12);
  }

  @Test
  void anOptionThatChangesNothingIsAMistake() {
    String message =
        assertThrows(
                UserException.class,
                () -> ExportOptions.of(List.of("int8")).quantizedEmbeddings(true))
            .getMessage();
    assertEquals(
        "Token table in int4: found variants [int8], expected int4 or q4f16 among them.", message);
    assertThrows(UserException.class, () -> ExportOptions.of(List.of("int8", "int8")));
  }

  @Test
  void anotherModelIsNoBefore() {
    Path other = Fixture.named("llama3_rope").folder();
    String message =
        assertThrows(UserException.class, () -> exportWith(Fixture.named("llama").folder(), other))
            .getMessage();
    assertTrue(message.contains("found shape [112, 32], expected [120, 32]"), message);
  }

  @Test
  void valuesThatAFormatDoesNotHaveAreRefused() throws IOException {
    Path large = changed(w -> 70_000f);
    assertRefused(large, "fp16", "found 70000.0, expected what float16 can hold");
    Path none = changed(w -> Float.NaN);
    assertRefused(none, "int8", "output 0: found a value that is not finite (NaN)");
    assertRefused(none, "int4", "output 0: found a value that is not finite (NaN)");
    assertRefused(none, "fp16", "value 0: found NaN");
  }

  private void assertRefused(Path model, String variant, String expected) {
    Path folder = temp.resolve("refused");
    String message =
        assertThrows(
                UserException.class,
                () -> OnnxExporter.export(model, folder, ExportOptions.of(List.of(variant))))
            .getMessage();
    assertTrue(message.contains(expected), message);
    assertFalse(Files.exists(folder));
  }

  private static String note(OnnxExporter.Exported exported, String variant) {
    return exported.notes().stream()
        .filter(s -> s.contains(variant + ":"))
        .findFirst()
        .orElseThrow();
  }

  private OnnxExporter.Exported exportWith(Path model, Path before) {
    ExportOptions options = ExportOptions.of(ALL).before(Optional.of(before));
    return OnnxExporter.export(model, temp.resolve("out" + System.nanoTime()), options);
  }

  private Path export(ExportOptions options) {
    Path folder = temp.resolve("out" + System.nanoTime());
    OnnxExporter.export(Fixture.named("llama").folder(), folder, options);
    return folder;
  }

  /** The fixture with every value of its matrices changed. */
  private Path changed(UnaryOperator<Float> change) {
    return changed("", change);
  }

  /** The same of those matrices only that have this in their name. */
  private Path changed(String part, UnaryOperator<Float> change) {
    return ChangedModel.write(
        Fixture.named("llama").folder(),
        temp.resolve("changed" + System.nanoTime()),
        (t, value) ->
            t.shape().size() == 2 && t.name().contains(part) ? change.apply(value) : value);
  }

  private static JsonNode json(Path folder, String file) throws IOException {
    return new ObjectMapper().readTree(folder.resolve(file).toFile());
  }
}
