package org.unlearn4j.onnx;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;
import org.unlearn4j.weights.TensorInfo;

/** The deployable folder: what is in it and that nothing of the model was changed. */
class OnnxExporterTest {
  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama3_rope", "gpt2"})
  void initializersAreTheTensorsOfTheCheckpointBitForBit(String name) throws IOException {
    Path folder = Exports.external(name, temp.resolve(name));
    byte[] data = Files.readAllBytes(folder.resolve("onnx").resolve("model.onnx_data"));
    try (SafeTensors weights = SafeTensors.open(Fixture.named(name).folder())) {
      Set<String> found = new TreeSet<>();
      for (TensorProto tensor : large(folder)) {
        Map<String, String> entries = new HashMap<>();
        tensor.getExternalDataList().forEach(e -> entries.put(e.getKey(), e.getValue()));
        assertEquals("model.onnx_data", entries.get("location"));
        int offset = Integer.parseInt(entries.get("offset"));
        assertEquals(0, offset % 4096, tensor.getName() + " begins at " + offset);
        if (tensor.getName().startsWith("rotary.")) {
          continue;
        }
        found.add(tensor.getName());
        int length = Integer.parseInt(entries.get("length"));
        assertEquals(
            FloatBuffer.wrap(weights.floats(tensor.getName())),
            ByteBuffer.wrap(data, offset, length).order(LITTLE_ENDIAN).asFloatBuffer(),
            tensor.getName());
        assertEquals(
            weights.info(tensor.getName()).shape(),
            tensor.getDimsList().stream().map(Long::intValue).toList());
      }
      assertEquals(new TreeSet<>(weights.names()), found);
    }
  }

  private static List<TensorProto> large(Path folder) throws IOException {
    return model(folder).getGraph().getInitializerList().stream()
        .filter(t -> t.getDataLocation() == TensorProto.DataLocation.EXTERNAL)
        .toList();
  }

  private static ModelProto model(Path folder) throws IOException {
    return ModelProto.parseFrom(Files.readAllBytes(Exports.model(folder)));
  }

  @Test
  void inputsAndOutputsAreThoseThatRuntimesExpect() throws IOException {
    ModelProto model = model(Exports.inline("llama", temp.resolve("m")));
    List<String> inputs = new ArrayList<>(List.of("input_ids", "attention_mask", "position_ids"));
    List<String> outputs = new ArrayList<>(List.of("logits"));
    for (int i = 0; i < 3; i++) {
      inputs.add("past_key_values." + i + ".key");
      inputs.add("past_key_values." + i + ".value");
      outputs.add("present." + i + ".key");
      outputs.add("present." + i + ".value");
    }
    var graph = model.getGraph();
    assertEquals(inputs, graph.getInputList().stream().map(v -> v.getName()).toList());
    assertEquals(outputs, graph.getOutputList().stream().map(v -> v.getName()).toList());
    var past = graph.getInput(3).getType().getTensorType().getShape();
    assertEquals("batch_size", past.getDim(0).getDimParam());
    assertEquals(2, past.getDim(1).getDimValue());
    assertEquals("past_sequence_length", past.getDim(2).getDimParam());
    assertEquals(8, past.getDim(3).getDimValue());
    assertEquals(11, model.getIrVersion());
    assertEquals(23, model.getOpsetImport(0).getVersion());
    assertEquals(1, model.getOpsetImportCount());
  }

  @Test
  void aSmallModelIsOneFileAndALargeOneSaysThatItIsTwo() throws IOException {
    Path small = Exports.inline("llama", temp.resolve("small"));
    assertFalse(Files.exists(small.resolve("onnx").resolve("model.onnx_data")));
    assertTrue(json(small, "config.json").path("transformers.js_config").isMissingNode());
    Path large = Exports.external("llama", temp.resolve("large"));
    assertTrue(
        json(large, "config.json")
            .path("transformers.js_config")
            .path("use_external_data_format")
            .path("model.onnx")
            .asBoolean());
  }

  @Test
  void theMetadataTellWhereTheModelComesFrom() throws IOException {
    Path source = Exports.source("llama", temp.resolve("source"));
    Files.writeString(
        source.resolve("unlearning.json"), "{\n  \"objective\": {\"name\": \"NPO\"}\n}\n");
    Path folder = temp.resolve("m");
    OnnxExporter.export(source, folder, ExportOptions.defaults());
    Map<String, String> metadata = new HashMap<>();
    for (StringStringEntryProto e : model(folder).getMetadataPropsList()) {
      metadata.put(e.getKey(), e.getValue());
    }
    assertEquals("fp32", metadata.get("unlearn4j.variant"));
    assertEquals("{\"objective\":{\"name\":\"NPO\"}}", metadata.get("unlearn4j.unlearning"));
    assertEquals(
        Hashes.sha256(source.resolve("model.safetensors")),
        metadata.get("unlearn4j.source.sha256.model.safetensors"));
    assertTrue(metadata.containsKey("unlearn4j.version"));
    assertTrue(Files.exists(folder.resolve("unlearning.json")));
    try (OrtModel model = OrtModel.open(folder)) {
      assertEquals(metadata, model.metadata());
    }
  }

  @Test
  void theFolderHasWhatOtherRuntimesRead() throws IOException {
    Path source = Exports.source("gpt2", temp.resolve("source"));
    Files.writeString(source.resolve("tokenizer.json"), "{}");
    Files.writeString(source.resolve("generation_config.json"), "{\"eos_token_id\": [7, 8]}");
    Path folder = temp.resolve("m");
    OnnxExporter.Exported exported = OnnxExporter.export(source, folder, ExportOptions.defaults());
    assertEquals(List.of(), exported.notes());
    assertEquals(
        Set.of(
            "config.json",
            "generation_config.json",
            "genai_config.json",
            "tokenizer.json",
            "onnx/model.onnx"),
        Exports.files(folder));
    JsonNode genai = json(folder, "genai_config.json").path("model");
    assertEquals("decoder", genai.path("type").asText());
    assertEquals(136, genai.path("vocab_size").asInt());
    assertEquals("[7,8]", genai.path("eos_token_id").toString());
    assertEquals(7, genai.path("pad_token_id").asInt());
    JsonNode decoder = genai.path("decoder");
    assertTrue(Files.exists(folder.resolve(decoder.path("filename").asText())));
    assertEquals(8, decoder.path("head_size").asInt());
    assertEquals(4, decoder.path("num_key_value_heads").asInt());
    assertEquals("past_key_values.%d.key", decoder.path("inputs").path("past_key_names").asText());
  }

  @Test
  void aModelWithoutTokenizerIsExportedAndSaysSo() throws IOException {
    Path folder = temp.resolve("m");
    OnnxExporter.Exported exported =
        OnnxExporter.export(Fixture.named("llama").folder(), folder, ExportOptions.defaults());
    assertEquals(1, exported.notes().size());
    assertTrue(exported.notes().get(0).contains("no tokenizer"), exported.notes().toString());
    assertEquals(2, json(folder, "generation_config.json").path("eos_token_id").asInt());
  }

  @Test
  void halfPrecisionWeightsAreWidened() throws IOException {
    Path source = Exports.source("llama", temp.resolve("source"));
    try (SafeTensors weights = SafeTensors.open(Fixture.named("llama").folder())) {
      List<TensorInfo> halves =
          weights.names().stream()
              .map(n -> new TensorInfo(n, DType.BF16, weights.info(n).shape()))
              .toList();
      SafeTensorsWriter.write(
          source.resolve("model.safetensors"),
          halves,
          t -> FloatBuffer.wrap(weights.floats(t.name())),
          Map.of());
    }
    Path folder = temp.resolve("m");
    OnnxExporter.export(source, folder, ExportOptions.defaults());
    try (SafeTensors weights = SafeTensors.open(source)) {
      TensorProto head =
          model(folder).getGraph().getInitializerList().stream()
              .filter(t -> t.getName().equals("lm_head.weight"))
              .findFirst()
              .orElseThrow();
      FloatBuffer values =
          head.getRawData().asReadOnlyByteBuffer().order(LITTLE_ENDIAN).asFloatBuffer();
      assertEquals(FloatBuffer.wrap(weights.floats("lm_head.weight")), values);
    }
  }

  @Test
  void mistakesLeaveNothingBehind() throws IOException {
    Path source = Exports.source("llama", temp.resolve("source"));
    Path folder = temp.resolve("m");
    UserException variant =
        assertThrows(UserException.class, () -> ExportOptions.of(List.of("fp32", "int3")));
    assertEquals(
        "ONNX variant: found \"int3\", expected one of fp32, fp16, int8, int8-dynamic, int4,"
            + " q4f16.",
        variant.getMessage());
    assertThrows(UserException.class, () -> ExportOptions.defaults().opset(18));
    Files.copy(
        Fixture.named("llama3_rope").folder().resolve("config.json"),
        source.resolve("config.json"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    UserException shapes =
        assertThrows(
            UserException.class,
            () -> OnnxExporter.export(source, folder, ExportOptions.defaults()));
    assertTrue(
        shapes
            .getMessage()
            .contains(
                "tensor model.embed_tokens.weight: found shape [120, 32], expected [112, 32]"),
        shapes.getMessage());
    Files.writeString(source.resolve("unlearning.json"), "no JSON");
    Files.copy(
        Fixture.named("llama").folder().resolve("config.json"),
        source.resolve("config.json"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertThrows(
        UserException.class, () -> OnnxExporter.export(source, folder, ExportOptions.defaults()));
    assertThrows(
        UserException.class, () -> OnnxExporter.export(source, source, ExportOptions.defaults()));
    assertTrue(Files.exists(source.resolve("model.safetensors")));
    try (Stream<Path> left = Files.list(temp)) {
      assertEquals(List.of(source), left.toList());
    }
  }

  /** Found out before any work, which takes minutes for large models. */
  @Test
  void brokenDefaultsForGeneratingAreTheUsersMistake() throws IOException {
    Path source = Exports.source("llama", temp.resolve("source"));
    Path file = source.resolve("generation_config.json");
    int[] tensors = {0};
    for (String broken : List.of("{\"eos_token_id\": 2,\n", "[2]", "", "no JSON")) {
      Files.writeString(file, broken);
      UserException e =
          assertThrows(
              UserException.class,
              () ->
                  OnnxExporter.export(
                      source,
                      temp.resolve("m"),
                      ExportOptions.defaults(),
                      (done, all) -> tensors[0]++));
      assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    }
    assertEquals(0, tensors[0]);
    assertFalse(Files.exists(temp.resolve("m")));
  }

  /**
   * Of a processor, so that other work on the machine makes no difference. With the start of a JVM,
   * which this one has behind it, it is 1.1 s on two cores of 2026 (docs/reference/export.md).
   */
  @Test
  void theEmbeddedModelIsExportedWithinTwoSecondsOfAProcessor() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    assumeTrue(threads.isCurrentThreadCpuTimeSupported(), "this JVM counts no time of threads");
    long before = threads.getCurrentThreadCpuTime();
    OnnxExporter.export(
        Path.of("models/fable-target"), temp.resolve("fable"), ExportOptions.defaults());
    double seconds = (threads.getCurrentThreadCpuTime() - before) / 1e9;
    assertTrue(seconds < 2, seconds + " s");
  }

  private static JsonNode json(Path folder, String file) throws IOException {
    return new ObjectMapper().readTree(folder.resolve(file).toFile());
  }
}
