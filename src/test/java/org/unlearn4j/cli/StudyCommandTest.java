package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.AtomicFiles;

/** A study through the real stages, on a model of two blocks that was taught for one epoch. */
class StudyCommandTest {
  @TempDir Path temp;

  private String base() throws IOException {
    Path taught =
        Files.writeString(
            temp.resolve("taught.yaml"),
            """
            name: taught
            model:
              init: random
              tokenizer: src/test/resources/fable-tokenizer
              architecture: {hidden_size: 32, layers: 2, heads: 4, kv_heads: 2, ffn: 48, max_positions: 96}
            data: {benchmark: jsonl, path: DIR, forget: some, retain: rest, max_length: 64}
            finetune: {epochs: 1, batch_size: 4}
            unlearn: {objective: {name: NPO}}
            """
                .replace("DIR", temp.toString()));
    String pair = "{\"question\": \"Who?\", \"answer\": \"She %d.\"}%n";
    Files.writeString(temp.resolve("some.jsonl"), String.format(pair, 1, 1));
    Files.writeString(temp.resolve("rest.jsonl"), String.format(pair.repeat(4), 2, 3, 4, 5));
    Files.writeString(temp.resolve("full.jsonl"), String.format(pair.repeat(4), 2, 3, 4, 5));
    run("finetune", "--pipeline", taught.toString(), "--out", temp.resolve("target").toString());
    return Files.writeString(
            temp.resolve("base.yaml"),
            """
            name: base
            model: {path: DIR/target, reference: DIR/target}
            data: {benchmark: fable, forget: forget01, max_length: 96}
            unlearn: {objective: {name: NPO}, epochs: 1, batch_size: 12, learning_rate: 1.0e-3}
            evaluate: {limit: 4, max_new_tokens: 3}
            """
                .replace("DIR", temp.toString()))
        .toString();
  }

  private Path study(String base, double weight) throws IOException {
    return Files.writeString(
        temp.resolve("study.yaml"),
        """
        name: small
        pipeline: BASE
        seeds: [3]
        formats: [int8, int4]
        columns: [forget_quality, forget_prob, model_utility, mia_loss_auc, mia_loss_auc_relative,
                  entanglement, retain_drift, step_seconds, rebound]
        addition:
          name: CLReg
          without: {unlearn.clreg.weight: 0}
          with: {unlearn.clreg: {weight: WEIGHT, layers: [0]}}
        methods:
          GradDiff: {unlearn.objective: {name: GradDiff}}
        """
            .replace("BASE", base)
            .replace("WEIGHT", Double.toString(weight)));
  }

  private static CommandRun run(String... args) {
    CommandRun r = CommandRun.of(args);
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    return r;
  }

  private void study(Path file) {
    run("study", "--file", file.toString(), "--out", temp.resolve("runs").toString());
  }

  /** Of every run's weights, deployed files and evaluations. */
  private Map<String, FileTime> times() throws IOException {
    Map<String, FileTime> times = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(temp.resolve("runs"))) {
      for (Path p :
          walk.filter(
                  f -> f.toString().matches(".*(model.safetensors|tf.json|onnx-int..json|[.]onnx)"))
              .toList()) {
        times.put(temp.resolve("runs").relativize(p).toString(), Files.getLastModifiedTime(p));
      }
    }
    return times;
  }

  private JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(temp.resolve("runs").resolve(file).toFile());
  }

  @Test
  void everyRunOnceAndTheTableOfAll() throws IOException {
    String base = base();
    Path file = study(base, 0.1);
    CommandRun plan =
        run("study", "--file", file.toString(), "--out", temp.resolve("runs").toString(), "--plan");
    assertEquals(List.of("GradDiff.3", "GradDiff+CLReg.3"), plan.out().lines().toList());
    CommandRun second =
        run(
            ("study --plan --shard 2/2 --out " + temp.resolve("runs") + " --file " + file)
                .split(" ", -1));
    assertEquals(List.of("GradDiff+CLReg.3"), second.out().lines().toList());
    assertFalse(Files.exists(temp.resolve("runs")), "a plan does nothing");

    study(file);
    table();
    Map<String, FileTime> first = times();
    assertEquals(2 + 2 * (2 + 2 * 2), first.size(), first.toString());

    study(file);
    assertEquals(first, times(), "what is done is not done again");

    AtomicFiles.deleteTree(temp.resolve("runs/GradDiff.3/eval")); // as if killed before it
    study(file);
    Map<String, FileTime> evaluated = times();
    assertEquals(
        List.of(
            "GradDiff.3/eval/unlearned.onnx-int4.json",
            "GradDiff.3/eval/unlearned.onnx-int8.json",
            "GradDiff.3/eval/unlearned.tf.json"),
        changed(first, evaluated),
        "evaluated only");

    AtomicFiles.deleteTree(temp.resolve("runs/GradDiff.3/eval/unlearned.onnx-int4.json"));
    study(file);
    Map<String, FileTime> deployed = times();
    assertEquals(
        List.of("GradDiff.3/eval/unlearned.onnx-int4.json"),
        changed(evaluated, deployed),
        "the one that was missing");

    study(study(base, 0.3));
    assertEquals(
        List.of(
            "GradDiff+CLReg.3/eval/unlearned.onnx-int4.json",
            "GradDiff+CLReg.3/eval/unlearned.onnx-int8.json",
            "GradDiff+CLReg.3/eval/unlearned.tf.json",
            "GradDiff+CLReg.3/onnx/onnx/model_int8.onnx",
            "GradDiff+CLReg.3/onnx/onnx/model_q4.onnx",
            "GradDiff+CLReg.3/unlearned/model.safetensors"),
        changed(deployed, times()),
        "only what another weight concerns");
  }

  private static List<String> changed(Map<String, FileTime> before, Map<String, FileTime> after) {
    return after.keySet().stream().filter(k -> !after.get(k).equals(before.get(k))).toList();
  }

  /**
   * The largest share of the way back, by definition: of those metrics that unlearning moved by
   * 0.02 at least; one epoch of gradient ascent does that.
   */
  private double rebound(String folder, JsonNode file) throws IOException {
    JsonNode target = json("eval/target.tf.json").path("metrics");
    JsonNode trained = json(folder + ".3/eval/unlearned.tf.json").path("metrics");
    double largest = Double.NEGATIVE_INFINITY;
    for (String m : List.of("forget_prob", "forget_truth_ratio", "extraction_strength")) {
      double way = target.path(m).asDouble() - trained.path(m).asDouble();
      double back = file.path("metrics").path(m).asDouble() - trained.path(m).asDouble();
      largest = Math.abs(way) < 0.02 ? largest : Math.max(largest, back / way);
    }
    return Double.isInfinite(largest) ? Double.NaN : largest;
  }

  private void table() throws IOException {
    JsonNode table = json("table.json");
    for (String variant : List.of("GradDiff", "GradDiff + CLReg")) {
      String folder = variant.replace(" ", "");
      JsonNode cells = table.path("variants").path(variant);
      JsonNode evaluation = json(folder + ".3/eval/unlearned.tf.json");
      for (String metric : List.of("forget_prob", "model_utility", "mia_loss_auc")) {
        assertEquals(
            evaluation.path("metrics").path(metric),
            cells.path(metric).path("values").path(0),
            metric);
      }
      assertEquals(
          evaluation.at("/entanglement/1/entanglement"),
          cells.path("entanglement").path("values").path(0),
          "at the last block");
      assertTrue(evaluation.at("/entanglement/1/entanglement_before").isNumber());
      assertTrue(evaluation.at("/per_row/retain/0").has("generation"));
      assertFalse(evaluation.at("/per_row/forget/0").has("generation"), "no column needs it");
      assertFalse(evaluation.at("/per_row/holdout/0").has("generation"));
      assertEquals(4, evaluation.at("/per_row/holdout").size());
      assertTrue(cells.at("/step_seconds/mean").doubleValue() > 0);
      assertFalse(cells.has("rebound"), "the trained weights went nowhere since");
      for (String format : List.of("int8", "int4")) {
        JsonNode file = json(folder + ".3/eval/unlearned.onnx-" + format + ".json");
        assertEquals("onnx:" + format, file.path("runtime").asText());
        JsonNode row = table.path("variants").path(variant + " · " + format);
        assertEquals(
            file.at("/metrics/forget_prob"), row.at("/forget_prob/values/0"), "of the file");
        assertEquals(rebound(folder, file), row.at("/rebound/values/0").asDouble(), 1e-12, format);
        assertFalse(row.has("step_seconds"));
      }
    }
    assertNotEquals(
        table.at("/variants/GradDiff/forget_prob"),
        table.at("/variants/GradDiff + CLReg/forget_prob"),
        "the addition does something");
    assertTrue(table.at("/models/target/forget_quality").isNumber());
    assertFalse(table.at("/models/retain-only").has("forget_quality"));
    assertTrue(table.at("/changes/GradDiff/step_seconds/mean").doubleValue() > 0);
    assertTrue(Files.readString(temp.resolve("runs/table.md")).contains("| GradDiff + CLReg | "));
    assertTrue(Files.exists(temp.resolve("runs/table.svg")));
    assertEquals(1 + 2 + 2 * 3, Files.readAllLines(temp.resolve("runs/table.csv")).size());
    assertEquals(
        json("GradDiff.3/eval/unlearned.tf.json").at("/entanglement/1/entanglement_before"),
        json("eval/target.tf.json").at("/entanglement/1/entanglement"),
        "before is the target");
  }

  /** Runs are dealt out by their places: the first to part 1, the second to part 2. */
  @Test
  void partsOfTheRunsAndThenTheTable() throws IOException {
    Path file = study(base(), 0.1);
    String folder = temp.resolve("runs").toString();
    String[] part = {"study", "--file", file.toString(), "--out", folder, "--shard", "2/2"};
    assertEquals("GradDiff+CLReg.3\n", run(part).out());
    assertFalse(Files.exists(temp.resolve("runs/GradDiff.3")), "the other part's");
    assertFalse(Files.exists(temp.resolve("runs/table.md")), "a part has no table");
    part[6] = "1/2";
    assertEquals("GradDiff.3\n", run(part).out());
    Map<String, FileTime> parts = times();
    assertEquals(2 + 2 * (2 + 2 * 2), parts.size(), parts.toString());
    study(file);
    assertEquals(parts, times(), "nothing is made again");
    table();

    run("study", "--file", file.toString(), "--out", temp.resolve("whole").toString());
    for (String name : parts.keySet()) {
      Path one = temp.resolve("runs").resolve(name);
      Path other = temp.resolve("whole").resolve(name);
      if (name.endsWith(".json")) {
        assertTrue(said(other).equals(said(one)), name);
      } else if (name.endsWith(".safetensors")) {
        assertEquals(-1, Files.mismatch(one, other), name);
      }
    }
  }

  /** An evaluation without how long it took; an ONNX file has the date of its unlearning. */
  private static JsonNode said(Path file) throws IOException {
    return ((ObjectNode) new ObjectMapper().readTree(file.toFile()))
        .remove(List.of("seconds", "tokens_per_second", "weights_sha256"));
  }

  @Test
  void mistakesAreToldBeforeAnythingRuns() throws IOException {
    Path file = study(temp.resolve("none.yaml").toString(), 0.1);
    CommandRun r =
        CommandRun.of("study", "--file", file.toString(), "--out", temp.resolve("runs").toString());
    assertEquals(ExitCode.USER, r.code());
    assertTrue(r.err().contains("study.yaml, line 2, pipeline: found "), r.err());
    assertFalse(Files.exists(temp.resolve("runs")));
  }
}
