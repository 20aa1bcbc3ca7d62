package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;

class InspectCommandTest {
  private static final Path LLAMA = Path.of("src/test/resources/fixtures/llama");

  @TempDir Path folder;

  private static JsonNode inspect(Path path) throws IOException {
    CommandRun r = CommandRun.of("inspect", path.toString(), "--json");
    assertEquals(0, r.code(), r.err());
    return new ObjectMapper().readTree(r.out());
  }

  @Test
  void aModelFolder() throws IOException {
    JsonNode found = inspect(LLAMA);
    assertEquals("llama", found.at("/model_type").asText());
    assertTrue(found.at("/supported").asBoolean());
    assertEquals(2, found.at("/shape/kv_heads").asInt());
    // 120 x 32 embeddings and as large a head; a layer: q and o 32 x 32, k and v 16 x 32, three 64
    // x 32, two norms of 32;
    // the final norm: 2 * 3840 + 3 * (2 * 1024 + 2 * 512 + 3 * 2048 + 64) + 32
    assertEquals(
        2 * 3840 + 3 * (2048 + 1024 + 6144 + 64) + 32, found.at("/weights/parameters").asLong());
    assertEquals(4 * found.at("/weights/parameters").asLong(), found.at("/weights/bytes").asLong());
    assertTrue(found.at("/onnx").isMissingNode());
  }

  @Test
  void aSafetensorsFile() throws IOException {
    JsonNode found = inspect(LLAMA.resolve("model.safetensors"));
    assertEquals("F32 [120, 32]", found.at("/tensors/model.embed_tokens.weight").asText());
    CommandRun text = CommandRun.of("inspect", LLAMA.resolve("model.safetensors").toString());
    assertTrue(text.out().contains("  model.norm.weight "), text.out());
  }

  @Test
  void anOnnxFolderAndItsFile() throws IOException {
    Path out = folder.resolve("onnx");
    OnnxExporter.export(LLAMA, out, ExportOptions.defaults());
    JsonNode model = inspect(out);
    assertEquals(23, model.at("/onnx/model.onnx/opsets/ai.onnx").asInt());
    JsonNode file = inspect(out.resolve("onnx/model.onnx"));
    assertEquals("INT64 [batch_size, sequence_length]", file.at("/inputs/input_ids").asText());
    assertEquals(3, file.at("/operators/Attention").asInt(), file.at("/operators").toString());
    assertTrue(file.at("/file/parameters").asLong() > 30_000, file.at("/file").toString());
  }

  @Test
  void aRun() throws IOException {
    Path run = folder.resolve("runs/mine");
    Files.createDirectories(run.resolve("eval"));
    Files.writeString(
        run.resolve("pipeline.yaml"), Pipeline.defaults("SimNPO", List.of()).toYaml());
    Files.writeString(
        run.resolve("eval/target.tf.json"), "{\"metrics\": {\"forget_quality\": 0.25}}");
    Files.writeString(run.resolve("verify.json"), "{\"verdict\": \"pass\"}");
    JsonNode found = inspect(run);
    assertEquals("SimNPO", found.at("/objective").asText());
    assertEquals(false, found.at("/clreg").asBoolean(true));
    assertEquals(0.25, found.at("/metrics/target.tf/forget_quality").asDouble());
    assertEquals("pass", found.at("/verdict").asText());
    assertEquals(false, found.at("/done/unlearn").asBoolean(true));
    assertEquals(true, found.at("/done/verify").asBoolean(false));
  }

  @Test
  void anythingElseIsTheUsersMistake() throws IOException {
    assertMistake(folder.resolve("none"), "found nothing, expected a Hugging Face folder");
    assertMistake(folder, "found a folder without config.json and pipeline.yaml");
    assertMistake(Files.writeString(folder.resolve("a.txt"), ""), "found another file");
    assertMistake(
        Files.writeString(folder.resolve("a.onnx"), "no protobuf"), "expected an ONNX model");
    assertMistake(Files.writeString(folder.resolve("a.safetensors"), "short"), "a.safetensors");
    Path run = Files.createDirectories(folder.resolve("run/eval"));
    Files.writeString(
        folder.resolve("run/pipeline.yaml"), Pipeline.defaults("NPO", List.of()).toYaml());
    Files.writeString(run.resolve("x.json"), "{\n\"metrics\": ");
    assertMistake(folder.resolve("run"), "x.json, line 2: found invalid JSON");
  }

  private static void assertMistake(Path path, String expected) {
    CommandRun r = CommandRun.of("inspect", path.toString());
    assertEquals(ExitCode.USER, r.code(), r.err());
    assertTrue(r.err().contains(expected), r.err());
    assertEquals(1, r.err().lines().count(), r.err());
  }
}
