package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Published data as it is, through the command line, on a published model of 260 thousand
 * parameters: a few rows of each set, the same numbers on both runtimes.
 */
@Tag("slow")
class PublishedSuitesTest {
  private static final Path DATA = Path.of("../shared/data");
  private static final Path MODEL = DATA.resolve("models/stories260K");

  @TempDir Path temp;

  @BeforeEach
  void available() {
    Assumptions.assumeTrue(Files.isDirectory(MODEL), MODEL + " is not here");
  }

  private Path pipeline(String data, String evaluate) throws IOException {
    return Files.writeString(
        temp.resolve("p.yaml"),
        "name: published\nmodel: {path: "
            + MODEL
            + "}\ndata: {"
            + data
            + "}\nunlearn: {objective: {name: NPO}}\nevaluate: {"
            + evaluate
            + "}\n");
  }

  private JsonNode evaluate(Path pipeline, Path model, String runtime, String... more)
      throws IOException {
    Path out = temp.resolve(runtime + ".json");
    List<String> args =
        new ArrayList<>(
            List.of(
                "evaluate",
                "--pipeline",
                pipeline.toString(),
                "--model",
                model.toString(),
                "--runtime",
                runtime,
                "--out",
                out.toString()));
    args.addAll(List.of(more));
    CommandRun run = CommandRun.withNotes(args.toArray(String[]::new));
    assertEquals(0, run.code(), run.err());
    notes = run.err();
    return new ObjectMapper().readTree(out.toFile());
  }

  private String notes = "";

  /** Evaluates on both runtimes; every metric of one is within 1e-3 of the other's. */
  private JsonNode agreed(Path pipeline, String... more) throws IOException {
    Path onnx = temp.resolve("onnx");
    CommandRun export =
        CommandRun.of("export", "--model", MODEL.toString(), "--out", onnx.toString());
    assertEquals(0, export.code(), export.err());
    JsonNode tf = evaluate(pipeline, MODEL, "tf", more);
    JsonNode ort = evaluate(pipeline, onnx, "onnx", more);
    List<String> names = new ArrayList<>();
    tf.get("metrics").fieldNames().forEachRemaining(names::add);
    assertEquals(names.size(), ort.get("metrics").size());
    for (String name : names) {
      double a = tf.get("metrics").get(name).asDouble(Double.NaN);
      double b = ort.get("metrics").get(name).asDouble(Double.NaN);
      // Perplexity has no upper bound; everything else is a share.
      double scale = name.equals("fluency_perplexity") ? a : 1;
      assertTrue(Math.abs(a - b) <= 1e-3 * scale, name + ": tf " + a + ", onnx " + b);
    }
    return ort;
  }

  @Test
  void tofu() throws IOException {
    Path pipeline =
        pipeline(
            "benchmark: tofu, path: " + DATA.resolve("tofu") + ", max_length: 256",
            "limit: 4, max_new_tokens: 6");
    Path retain = temp.resolve("retain.json");
    Files.writeString(retain, evaluate(pipeline, MODEL, "tf").toString());
    JsonNode metrics = agreed(pipeline, "--reference", retain.toString()).get("metrics");
    for (String set : List.of("forget", "retain", "real_authors", "world_facts")) {
      for (String part : List.of("prob", "rouge", "truth_ratio", "truth_ratio_arithmetic")) {
        assertTrue(metrics.path(set + "_" + part).isNumber(), set + " " + part + metrics);
      }
    }
    assertTrue(metrics.path("model_utility").isNumber());
    assertEquals(1, metrics.path("forget_quality").asDouble(), "the model beside itself");
  }

  /** MUSE's questions behind their in-context examples, as many as 512 positions have room for. */
  @Test
  void museNews() throws IOException {
    Path pipeline =
        pipeline(
            "benchmark: muse, path: "
                + DATA.resolve("muse_news")
                + ", forget: forget, retain: retain1, form: passages, max_length: 256",
            "suite: muse, limit: 3, max_new_tokens: 16");
    JsonNode result = agreed(pipeline);
    assertTrue(notes.contains("3 of 3 questions were asked with fewer examples"), notes);
    for (String set : List.of("knowmem_forget", "knowmem_retain")) {
      assertTrue(result.get("metrics").path(set).isNumber(), set);
      assertEquals(3, result.get("per_row").get(set).size());
    }
    assertEquals("1472", result.get("per_row").get("knowmem_forget").get(0).get("answer").asText());
    assertTrue(result.get("metrics").path("verbmem").isMissingNode(), "no such file is there");
  }

  @Test
  void mmlu() throws IOException {
    Path pipeline =
        pipeline(
            "benchmark: fable, max_length: 256",
            "suite: wmdp, limit: 8, choices: " + DATA.resolve("mmlu_sample/mmlu_171.jsonl"));
    JsonNode result = agreed(pipeline);
    assertEquals(8, result.get("per_row").get("mmlu_171").size());
    assertTrue(result.get("metrics").path("mmlu_171_accuracy").isNumber());
    assertEquals(
        result.get("metrics").get("mmlu_171_accuracy"), result.get("metrics").get("model_utility"));
  }
}
