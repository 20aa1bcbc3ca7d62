package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.onnx.OnnxSummary;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.weights.Variant;

/** The record that verify leaves in a deployed folder finds every change that is made after it. */
class DeployedRecordTest {
  private static final Path LLAMA = Path.of("src/test/resources/fixtures/llama");

  @TempDir Path temp;
  private Path folder;

  @BeforeEach
  void aVerifiedFolder() throws IOException {
    Path source = Files.createDirectories(temp.resolve("unlearned"));
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(LLAMA.resolve(file), source.resolve(file));
    }
    Path tokenizer = Path.of("src/test/resources/fable-tokenizer");
    for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(tokenizer.resolve(file), source.resolve(file));
    }
    Files.writeString(
        source.resolve("unlearning.json"),
        "{\"objective\": {\"name\": \"NPO\", \"beta\": 0.1}, \"training\": {\"learning_rate\":"
            + " 1.0E-4}}");
    folder = temp.resolve("deployed");
    OnnxExporter.export(source, folder, ExportOptions.defaults().inlineLimit(0));
    DeployedRecord.write(folder, new Verdict(List.of()), measured());
  }

  private static DeployedRecord.Measured measured() {
    EvaluationResult result =
        new EvaluationResult(
                "unlearned",
                "tf",
                "tofu",
                Map.of("forget_prob", 0.125, "privleak", Double.NaN),
                Map.of(),
                Map.of(),
                Optional.empty(),
                1,
                1)
            .withWeights(Map.of("model.safetensors", "abc"));
    return new DeployedRecord.Measured(
        Optional.of(result), Optional.empty(), result, Map.of("onnx:fp32", result));
  }

  private List<String> differences() {
    return DeployedRecord.compare(folder).differences();
  }

  /** The one difference there is; it names the file. */
  private void assertFound(String file, String words) {
    List<String> found = differences();
    assertEquals(1, found.size(), found.toString());
    assertTrue(found.get(0).startsWith(folder.resolve(file).toString()), found.get(0));
    assertTrue(found.get(0).contains(words), found.get(0));
  }

  @Test
  void whatWasNotTouchedIsAsRecorded() throws IOException {
    DeployedRecord.Comparison c = DeployedRecord.compare(folder);
    assertEquals(List.of(), c.differences());
    assertEquals("fail", c.verdict(), "a verdict on nothing is none");
    // config, generation_config, genai_config, two of the tokenizer, model.onnx and its data
    assertEquals(7, c.files());
    JsonNode record = new ObjectMapper().readTree(folder.resolve("unlearning.json").toFile());
    assertEquals("NPO", record.at("/objective/name").asText());
    assertEquals(0.125, record.at("/deployment/metrics/target/forget_prob").asDouble());
    assertEquals("NaN", record.at("/deployment/metrics/unlearned/privleak").asText());
    // What the ONNX file carries is what was known before it: no verdict on itself.
    String inside =
        OnnxSummary.of(folder.resolve("onnx").resolve(Variant.FP32.fileName()))
            .metadata()
            .get("unlearn4j.unlearning");
    assertTrue(inside.contains("NPO") && !inside.contains("deployment"), inside);
    DeployedRecord.write(folder, new Verdict(List.of()), measured());
    assertEquals(List.of(), differences(), "a second verdict takes the place of the first");
  }

  @Test
  void aFlippedByteInTheWeights() throws IOException {
    Path data = folder.resolve("onnx/model.onnx_data");
    byte[] bytes = Files.readAllBytes(data);
    bytes[bytes.length / 2] ^= 1;
    Files.write(data, bytes);
    List<String> found = differences();
    assertTrue(found.get(0).startsWith(data.toString()), found.toString());
    assertTrue(found.get(0).contains("found SHA-256 "), found.toString());
  }

  @Test
  void aSwappedTokenizer() throws IOException {
    Path tokenizer = folder.resolve("tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer).replaceFirst("\"a\"", "\"A\""));
    assertFound("tokenizer.json", "found SHA-256 ");
  }

  @Test
  void anEditedConfiguration() throws IOException {
    Path config = folder.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("500.0", "10000.0"));
    assertFound("config.json", "found SHA-256 ");
  }

  @Test
  void whatIsMissingAndWhatIsNew() throws IOException {
    Files.delete(folder.resolve("genai_config.json"));
    Files.writeString(folder.resolve("chat_template.jinja"), "{{ 1 }}");
    Files.writeString(folder.resolve(".DS_Store"), "");
    assertEquals(
        List.of(
            folder.resolve("chat_template.jinja")
                + ": found a file that is not in the record, expected none."),
        differences().subList(0, 1));
    assertTrue(differences().get(1).contains("genai_config.json: found no such file"));
    assertEquals(2, differences().size());
  }

  @Test
  void anEditedVerdict() throws IOException {
    Path record = folder.resolve("unlearning.json");
    Files.writeString(record, Files.readString(record).replace("\"fail\"", "\"pass\""));
    assertFound("unlearning.json", "changed after verify");
  }

  /** Settings that the record says were used, but the ONNX file says were not. */
  @Test
  void anotherObjectiveThanTheFileWasExportedWith() throws IOException {
    Path record = folder.resolve("unlearning.json");
    String edited = Files.readString(record).replace("NPO", "RMU");
    Files.writeString(record, edited);
    DeployedRecord.write(folder, new Verdict(List.of()), measured()); // hashes itself anew
    assertFound("onnx/model.onnx", "another record of unlearning");
  }

  @Test
  void withoutAVerdictThereIsNothingToCompareWith() throws IOException {
    Files.writeString(folder.resolve("unlearning.json"), "{}");
    assertThrows(UserException.class, this::differences);
    Files.delete(folder.resolve("unlearning.json"));
    assertThrows(UserException.class, this::differences);
    DeployedRecord.write(folder, new Verdict(List.of()), measured());
    assertTrue(Files.notExists(folder.resolve("unlearning.json")), "no unlearning, no record");
  }
}
