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
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Evaluations;
import org.unlearn4j.onnx.ExportOptions;
import org.unlearn4j.onnx.OnnxExporter;
import org.unlearn4j.onnx.OnnxSummary;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.GateSubject;
import org.unlearn4j.parity.GenerationDifferences;
import org.unlearn4j.parity.NumericDifference;
import org.unlearn4j.parity.NumericMeasure;
import org.unlearn4j.parity.ParityNumbers;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.weights.Variant;

/** The record that verify leaves in a deployed folder finds every change that is made after it. */
class DeployedRecordTest {
  private static final Path LLAMA = Path.of("src/test/resources/fixtures/llama");

  @TempDir Path temp;
  private Path folder;
  private Map<String, String> weights;

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
    weights = Map.of("model.safetensors", Hashes.sha256(source.resolve("model.safetensors")));
    export(Variant.FP32);
    judge(Variant.FP32, true);
  }

  private void export(Variant... variants) {
    List<String> labels = Stream.of(variants).map(Variant::label).toList();
    OnnxExporter.export(temp.resolve("unlearned"), folder, ExportOptions.of(labels).inlineLimit(0));
  }

  /** What verify would write: one gate on one file, which holds or does not. */
  private void judge(Variant variant, boolean pass) {
    DeployedRecord.write(folder, verdict(variant, pass), measured(variant));
  }

  private static Verdict verdict(Variant variant, boolean pass) {
    NumericDifference numeric = ParityNumbers.same(9, pass ? 0 : 2);
    Gate gate =
        Gate.atMost(
            new GateSubject.Numeric(NumericMeasure.KL_MEAN),
            numeric.value(NumericMeasure.KL_MEAN),
            1);
    return new Verdict(
        List.of(
            new ParityResult(
                "onnx:" + variant.label(),
                "tf",
                numeric,
                List.of(),
                new GenerationDifferences(1, List.of()),
                List.of(gate),
                Map.of())));
  }

  private DeployedRecord.Measured measured(Variant variant) {
    EvaluationResult result =
        Evaluations.of(
                "unlearned",
                "tf",
                "tofu",
                Map.of("forget_prob", 0.125, "privleak", Double.NaN),
                Map.of(),
                Map.of(),
                Optional.empty(),
                1,
                1)
            .withWeights(weights);
    return new DeployedRecord.Measured(
        Optional.of(result),
        Optional.empty(),
        result,
        Map.of("onnx:" + variant.label(), result),
        Optional.empty());
  }

  private JsonNode record() throws IOException {
    return new ObjectMapper().readTree(folder.resolve("unlearning.json").toFile());
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
    assertEquals("pass", c.verdict());
    assertEquals(Map.of("onnx/model.onnx", "pass"), c.judged());
    // config, generation_config, genai_config, two of the tokenizer, model.onnx and its data
    assertEquals(7, c.files());
    JsonNode record = record();
    assertEquals("NPO", record.at("/objective/name").asText());
    assertEquals(0.125, record.at("/deployment/metrics/target/forget_prob").asDouble());
    assertEquals("NaN", record.at("/deployment/metrics/unlearned/privleak").asText());
    // What the ONNX file carries is what was known before it: no verdict on itself.
    String inside =
        OnnxSummary.of(folder.resolve("onnx").resolve(Variant.FP32.fileName()))
            .metadata()
            .get("unlearn4j.unlearning");
    assertTrue(inside.contains("NPO") && !inside.contains("deployment"), inside);
    judge(Variant.FP32, false);
    assertEquals(List.of(), differences(), "a second verdict takes the place of the first");
    assertEquals("fail", DeployedRecord.compare(folder).verdict());
    assertEquals(
        "numeric kl_mean: found 2.000, expected at most 1.000 (1.000 beyond).",
        record().at("/deployment/variants/onnx:fp32/failed_gates/0").asText());
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
    Files.writeString(record, Files.readString(record).replace("\"pass\"", "\"fail\""));
    assertFound("unlearning.json", "changed after verify");
  }

  /** Settings that the record says were used, but the ONNX file says were not. */
  @Test
  void anotherObjectiveThanTheFileWasExportedWith() throws IOException {
    Path record = folder.resolve("unlearning.json");
    String edited = Files.readString(record).replace("NPO", "RMU");
    Files.writeString(record, edited);
    judge(Variant.FP32, true); // hashes itself anew
    assertFound("onnx/model.onnx", "another record of unlearning");
  }

  private static String unjudged(Path onnx) {
    return onnx
        + ": found no verdict on this file, expected one (verify judges what export.variants"
        + " names).";
  }

  /** Verify judges what the pipeline names; what else lies there has no part in its verdict. */
  @Test
  void aFileThatNobodyJudged() {
    export(Variant.FP32, Variant.INT8);
    Path int8 = folder.resolve("onnx/model_int8.onnx");
    assertEquals(List.of(unjudged(int8)), DeployedRecord.unjudged(folder, List.of(Variant.FP32)));
    judge(Variant.FP32, true);
    assertEquals(Map.of("onnx/model.onnx", "pass"), DeployedRecord.compare(folder).judged());
    assertEquals(List.of(unjudged(int8)), differences());
    // The other one later: the first verdict still stands beside it.
    judge(Variant.INT8, true);
    assertEquals(List.of(), differences());
    assertEquals(
        Map.of("onnx/model.onnx", "pass", "onnx/model_int8.onnx", "pass"),
        DeployedRecord.compare(folder).judged());
    assertEquals("pass", DeployedRecord.compare(folder).verdict());
    assertEquals(List.of(), DeployedRecord.unjudged(folder, List.of(Variant.INT8)));
  }

  /** A variant from another export of the same weights, laid into the folder and then judged. */
  @Test
  void aVariantThatIsAddedLater() throws IOException {
    Path other = temp.resolve("other");
    OnnxExporter.export(
        temp.resolve("unlearned"), other, ExportOptions.of(List.of("int8")).inlineLimit(0));
    for (String file : List.of("onnx/model_int8.onnx", "onnx/model_int8.onnx_data")) {
      Files.copy(other.resolve(file), folder.resolve(file));
    }
    assertEquals(2, differences().size(), "neither file is in the record");
    judge(Variant.INT8, false);
    assertEquals(List.of(), differences());
    DeployedRecord.Comparison c = DeployedRecord.compare(folder);
    assertEquals(Map.of("onnx/model.onnx", "pass", "onnx/model_int8.onnx", "fail"), c.judged());
    assertEquals("fail", c.verdict(), "one file that fails is enough");
    judge(Variant.FP32, true);
    assertEquals("fail", DeployedRecord.compare(folder).verdict(), "nor does it go away");
    judge(Variant.INT8, true);
    assertEquals("pass", DeployedRecord.compare(folder).verdict());
    for (String runtime : List.of("onnx:fp32", "onnx:int8")) {
      assertEquals(
          0.125, record().at("/deployment/metrics/" + runtime + "/forget_prob").asDouble());
    }
  }

  /** An earlier verdict is no verdict on what has changed since. */
  @Test
  void anEarlierVerdictOnSomethingElse() throws IOException {
    export(Variant.FP32, Variant.INT8);
    Path fp32 = folder.resolve("onnx/model.onnx");
    judge(Variant.FP32, true);
    Path config = folder.resolve("config.json");
    String before = Files.readString(config);
    Files.writeString(config, before.replace("500.0", "10000.0"));
    judge(Variant.INT8, true);
    assertEquals(List.of(unjudged(fp32)), differences(), "both files share the configuration");
    Files.writeString(config, before);
    judge(Variant.FP32, true);
    Path record = folder.resolve("unlearning.json");
    Files.writeString(record, Files.readString(record).replaceFirst("\"pass\"", "\"fail\""));
    judge(Variant.INT8, true);
    assertEquals(List.of(unjudged(fp32)), differences(), "somebody has edited the record");
  }

  /** The file is as it was when it was judged, but that was against another training's weights. */
  @Test
  void weightsThatTheFileWasNotMadeFrom() {
    Map<String, String> made = weights;
    weights = Map.of("model.safetensors", "0".repeat(64));
    judge(Variant.FP32, true);
    assertFound(
        "onnx/model.onnx",
        "found " + made + " as the SHA-256 of the weights it was made from, expected " + weights);
  }

  @Test
  void withoutAVerdictThereIsNothingToCompareWith() throws IOException {
    Files.writeString(folder.resolve("unlearning.json"), "{}");
    assertThrows(UserException.class, this::differences);
    Files.delete(folder.resolve("unlearning.json"));
    assertThrows(UserException.class, this::differences);
    judge(Variant.FP32, true);
    assertTrue(Files.notExists(folder.resolve("unlearning.json")), "no unlearning, no record");
  }
}
