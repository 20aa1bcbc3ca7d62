package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
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
    assertEquals(found.at("/weights/parameters"), found.at("/parameters"));
    assertTrue(found.at("/problems").isMissingNode());
    assertTrue(found.at("/shape/windows").isMissingNode());
    assertEquals(
        "[5,\"all\",5]",
        inspect(Path.of("src/test/resources/fixtures/gemma2")).at("/shape/windows").toString());
    // 120 x 32 embeddings and as large a head; a layer: q and o 32 x 32, k and v 16 x 32, three 64
    // x 32, two norms of 32;
    // the final norm: 2 * 3840 + 3 * (2 * 1024 + 2 * 512 + 3 * 2048 + 64) + 32
    assertEquals(
        2 * 3840 + 3 * (2048 + 1024 + 6144 + 64) + 32, found.at("/weights/parameters").asLong());
    assertEquals(4 * found.at("/weights/parameters").asLong(), found.at("/weights/bytes").asLong());
    assertTrue(found.at("/onnx").isMissingNode());
  }

  @Test
  void whatIsNotSupportedIsSaid() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode config = (ObjectNode) mapper.readTree(LLAMA.resolve("config.json").toFile());
    Path file = folder.resolve("config.json");
    config.put("hidden_act", "mish").putObject("rope_scaling").put("type", "spiral");
    config.remove("rope_parameters");
    mapper.writeValue(file.toFile(), config);
    JsonNode found = inspect(folder);
    assertEquals(false, found.at("/supported").asBoolean(true));
    assertEquals(2, found.at("/problems").size(), found.toString());
    assertTrue(found.at("/problems/0").asText().contains("activation \"mish\""), found.toString());
    assertTrue(found.at("/problems/1").asText().contains("rope_type \"spiral\""));

    mapper.writeValue(file.toFile(), config.put("model_type", "mpt"));
    found = inspect(folder);
    assertEquals("mpt", found.at("/model_type").asText());
    assertTrue(
        found.at("/problems/0").asText().contains("expected one of gemma, gemma2, gemma3_text"));

    Files.copy(LLAMA.resolve("config.json"), file, StandardCopyOption.REPLACE_EXISTING);
    Files.copy(
        Path.of("src/test/resources/fixtures/qwen3/model.safetensors"),
        folder.resolve("model.safetensors"));
    found = inspect(folder);
    String problems = found.at("/problems").toString();
    assertTrue(problems.contains("found no tensor model.layers.2.self_attn.q_proj"), problems);
    assertEquals(20, found.at("/problems").size(), problems);
    assertTrue(problems.contains("more mistakes, expected none."), problems);
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

  /** The largest tensors are 15360 bytes, so files of at most 20000 are several. */
  @Test
  void theBytesOfAllFilesThatAModelIsIn() throws IOException {
    Path out = folder.resolve("several");
    ExportOptions options = ExportOptions.defaults().inlineLimit(0).dataFileLimit(20_000);
    OnnxExporter.export(LLAMA, out, options);
    long bytes = 0;
    int files = 0;
    try (Stream<Path> list = Files.list(out.resolve("onnx"))) {
      for (Path file : list.toList()) {
        bytes += Files.size(file);
        files++;
      }
    }
    assertTrue(files > 3, files + " files");
    assertEquals(bytes, inspect(out.resolve("onnx/model.onnx")).at("/file/bytes").asLong());
    assertEquals(bytes, inspect(out).at("/onnx/model.onnx/bytes").asLong());
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

  /** What would be dropped is said, and an option that counts is taken. */
  @Test
  void optionsOfAPlanNeedOne() {
    String model = LLAMA.toString();
    for (List<String> given :
        List.of(
            List.of("--devices", "2"),
            List.of("--memory", "8"),
            List.of("--set", "unlearn.epochs=1"))) {
      CommandRun r = CommandRun.of("inspect", model, given.get(0), given.get(1));
      assertEquals(ExitCode.USER, r.code());
      assertEquals("inspect: found " + given.get(0) + ", expected --plan too.", r.err().strip());
    }
    CommandRun both = CommandRun.of("inspect", model, "--plan", "--verify-hashes");
    assertEquals(ExitCode.USER, both.code());
    assertTrue(both.err().contains("found --verify-hashes beside --plan"), both.err());
    assertEquals(0, CommandRun.of("inspect", model, "--plan", "--devices", "2").code());
  }
}
