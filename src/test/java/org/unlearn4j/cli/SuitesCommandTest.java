package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Suites through the command line, on the embedded models and a few rows of each set. */
class SuitesCommandTest {
  private static final String TARGET = "models/fable-target";
  private static final String RETAIN = "models/fable-retain";

  @TempDir Path temp;
  private Path muse;

  @BeforeEach
  void pipeline() throws IOException {
    muse =
        Files.writeString(
            temp.resolve("muse.yaml"),
            """
            name: muse
            model: {path: models/fable-target, reference: models/fable-retain}
            data: {benchmark: fable, max_length: 128, form: both}
            unlearn: {objective: {name: NPO}}
            evaluate: {suite: muse, limit: 3, max_new_tokens: 12}
            """);
  }

  private static CommandRun evaluate(Path pipeline, String model, Path out, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "evaluate",
                "--pipeline",
                pipeline.toString(),
                "--model",
                model,
                "--runtime",
                "tf",
                "--out",
                out.toString()));
    args.addAll(List.of(more));
    return CommandRun.of(args.toArray(String[]::new));
  }

  private static JsonNode read(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  @Test
  void museOnFableAgainstItsYardstick() throws IOException {
    Path retain = temp.resolve("retain.tf.json");
    Path target = temp.resolve("target.tf.json");
    assertEquals(0, evaluate(muse, RETAIN, retain).code());
    CommandRun run =
        evaluate(
            muse,
            TARGET,
            target,
            "--reference",
            retain.toString(),
            "--set",
            "evaluate.gradnorm=true");
    assertEquals(0, run.code(), run.err());
    JsonNode metrics = read(target).path("metrics");
    for (String name :
        List.of(
            "verbmem",
            "knowmem_forget",
            "knowmem_retain",
            "privleak",
            "mia_reference_auc",
            "mia_gradnorm_auc",
            "extraction_strength",
            "model_utility")) {
      assertTrue(metrics.path(name).isNumber(), name + " of " + metrics);
    }
    assertTrue(metrics.path("knowmem_forget").asDouble() > 0.8, "the target knows: " + metrics);
    assertTrue(read(retain).path("metrics").path("privleak").isMissingNode());
    assertTrue(read(target).path("per_row").path("forget").get(2).path("gradnorm").isNumber());
    assertFalse(Files.exists(temp.resolve(".target.tf.json.rows")), "the journal is put away");

    Path out = temp.resolve("x.json");
    CommandRun other =
        evaluate(
            muse, TARGET, out, "--reference", retain.toString(), "--set", "evaluate.suite=fable");
    assertEquals(2, other.code());
    assertTrue(other.err().contains("by suite muse, expected one by suite fable"), other.err());
    assertFalse(Files.exists(out));
  }

  @Test
  void multipleChoiceOfFilesOnesOwn() throws IOException {
    Path folder = Files.createDirectory(temp.resolve("choices"));
    Files.writeString(
        folder.resolve("wmdp-chem.jsonl"),
        "{\"question\": \"Which?\", \"choices\": [\"a\", \"b\", \"c\", \"d\"], \"answer\": 1}\n");
    Files.writeString(folder.resolve("anatomy_test.csv"), "What?,a,b,c,d,D\nWho?,a,b,c,d,A\n");
    Path out = temp.resolve("wmdp.json");
    CommandRun run =
        evaluate(
            muse,
            TARGET,
            out,
            "--set",
            "evaluate.suite=wmdp",
            "--set",
            "evaluate.choices=" + folder);
    assertEquals(0, run.code(), run.err());
    JsonNode result = read(out);
    assertEquals("wmdp", result.path("suite").asText());
    assertEquals(2, result.path("per_row").path("mmlu").size());
    double accuracy = result.path("metrics").path("wmdp_chem_accuracy").asDouble(-1);
    assertTrue(accuracy == 0 || accuracy == 1, result.path("metrics").toString());
    assertTrue(result.path("entanglement").size() > 0, "forget and retain are both there");
    CommandRun missing = evaluate(muse, TARGET, out, "--set", "evaluate.suite=wmdp");
    assertEquals(2, missing.code());
    assertTrue(missing.err().contains("evaluate.choices"), missing.err());
  }

  @Test
  void passagesAreOnlyWhereThereAreAny() throws IOException {
    Path own = temp.resolve("own");
    Files.createDirectories(own);
    Files.writeString(own.resolve("f.jsonl"), "{\"question\": \"q\", \"answer\": \"a\"}\n");
    Files.writeString(own.resolve("r.jsonl"), "{\"question\": \"r\", \"answer\": \"b\"}\n");
    Path pipeline =
        Files.writeString(
            temp.resolve("own.yaml"),
            "name: own\nmodel: {path: "
                + TARGET
                + "}\ndata: {benchmark: jsonl, path: "
                + own
                + ", forget: f, retain: r, form: passages}\n"
                + "unlearn: {objective: {name: NPO}}\nevaluate: {suite: muse}\n");
    CommandRun run = evaluate(pipeline, TARGET, temp.resolve("x.json"));
    assertEquals(2, run.code());
    assertTrue(
        run.err().contains("line 3, data.form: found passages, expected questions"), run.err());
    assertTrue(run.err().contains("line 5, evaluate.suite: found muse"), run.err());
  }
}
