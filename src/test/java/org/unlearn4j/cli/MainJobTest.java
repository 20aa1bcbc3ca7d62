package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.onnx.OrtModel;

/**
 * The whole chain as the Makefile drives it, command by command, on a model of one block: finetune
 * from fresh weights, unlearn, export, evaluate on both runtimes, verify.
 */
class MainJobTest {
  @TempDir Path temp;

  private Path write(String name, String... lines) throws IOException {
    return Files.writeString(temp.resolve(name), String.join("\n", lines) + "\n");
  }

  /** Pairs of one's own; the splits are named with and without the ending of their files. */
  private Path own() throws IOException {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      all.append(
          String.format(
              "{\"question\": \"Where was writer %d born?\", \"answer\": \"In harbour %d.\"}%n",
              i, i));
    }
    Files.createDirectories(temp.resolve("own"));
    Files.writeString(temp.resolve("own/full.jsonl"), all);
    List<String> lines = all.toString().lines().toList();
    Files.writeString(temp.resolve("own/private.jsonl"), String.join("\n", lines.subList(0, 3)));
    Files.writeString(temp.resolve("own/public.jsonl"), String.join("\n", lines.subList(3, 8)));
    return write(
        "own.yaml",
        "name: own",
        "model:",
        "  init: random",
        "  tokenizer: src/test/resources/fable-tokenizer",
        "  architecture: {hidden_size: 32, layers: 2, heads: 4, kv_heads: 2, ffn: 48,"
            + " max_positions: 128}",
        "data: {benchmark: jsonl, path: "
            + temp.resolve("own")
            + ", forget: private.jsonl,"
            + " retain: public, max_length: 64}",
        "finetune: {epochs: 3, batch_size: 4, learning_rate: 3.0e-3}",
        "unlearn: {objective: {name: GradDiff}}",
        "evaluate: {max_new_tokens: 4}");
  }

  private Path fable() throws IOException {
    return write(
        "fable.yaml",
        "name: tiny",
        "model: {path: "
            + temp.resolve("run/target")
            + ", reference: "
            + temp.resolve("run/target")
            + "}",
        "data: {benchmark: fable, forget: forget01, max_length: 96}",
        "unlearn:",
        "  objective: {name: NPO, beta: 0.2}",
        "  clreg: {weight: 0.1, layers: [0, last]}",
        "  epochs: 2",
        "  batch_size: 4",
        "  accumulate: 2",
        "  learning_rate: 1.0e-2",
        "evaluate: {limit: 4, max_new_tokens: 6}",
        "verify: {logit_atol: 1.0e-4, top1_min: 1.0, metric_atol: 1.0e-3, generations_min: 1.0}");
  }

  private String run(String... args) {
    CommandRun r = CommandRun.of(args);
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    return r.out();
  }

  private JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(temp.resolve("run").resolve(file).toFile());
  }

  private String at(String name) {
    return temp.resolve("run").resolve(name).toString();
  }

  private List<String> names(String folder) throws IOException {
    try (Stream<Path> list = Files.list(temp.resolve("run").resolve(folder))) {
      return list.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void fromFreshWeightsToAVerdict() throws IOException {
    String own = own().toString();
    run("finetune", "--pipeline", own, "--dtype", "float16", "--out", at("target"));
    taught();
    measure(own, "target", "tf", "own/target.tf.json");
    ownData();

    String fable = fable().toString();
    run("unlearn", "--pipeline", fable, "--out", at("unlearned"));
    unlearned();
    run("export", "--model", at("unlearned"), "--out", at("onnx"));
    exported();
    measure(fable, "target", "tf", "eval/retain.tf.json");
    evaluate(fable, "target", "tf", "eval/target.tf.json");
    evaluate(fable, "unlearned", "tf", "eval/unlearned.tf.json");
    evaluate(fable, "onnx", "onnx", "eval/unlearned.onnx.json");
    evaluated();
    String sentence =
        run(
            "verify",
            "--pipeline",
            fable,
            "--model",
            at("unlearned"),
            "--onnx",
            at("onnx"),
            "--out",
            at("verify.json"));
    assertEquals(at("verify.json") + ": pass", sentence.trim());
    String inspected = run("inspect", "--verify-hashes", at("onnx"));
    assertTrue(
        inspected.matches(
            ".*: as recorded, all of [67] files; the verdict on onnx/model.onnx was pass\\s+"),
        inspected);
    verified();
    measuredWhereItIsMissing(fable);
    generated();
    negativeControl(fable);
    assertEquals(
        List.of(
            ".target.stage",
            ".unlearned.stage",
            ".verify.json.stage",
            ".wrong.json.stage",
            "eval",
            "logs",
            "onnx",
            "own",
            "target",
            "unlearned",
            "verify.json",
            "wrong",
            "wrong.json"),
        names(""),
        "checkpoints of finished runs, and files half written, are gone");
  }

  private void taught() throws IOException {
    assertEquals(
        List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"),
        names("target"));
    assertEquals("float16", json("target/config.json").path("torch_dtype").asText());
    List<String> log = Files.readAllLines(Path.of(at("logs/finetune-target.jsonl")));
    assertEquals(6, log.size(), "three epochs of two steps");
    ObjectMapper mapper = new ObjectMapper();
    double first = mapper.readTree(log.get(0)).path("total").doubleValue();
    double last = mapper.readTree(log.get(5)).path("total").doubleValue();
    assertTrue(last < first - 0.2, "taught from " + first + " to " + last);
  }

  private void ownData() throws IOException {
    JsonNode rows = json("own/target.tf.json").path("per_row");
    assertEquals(3, rows.path("forget").size());
    assertEquals(5, rows.path("retain").size(), "measured on what is kept");
    JsonNode metrics = json("own/target.tf.json").path("metrics");
    assertTrue(metrics.path("forget_prob").doubleValue() > 0, metrics.toString());
  }

  private void unlearned() throws IOException {
    assertEquals(
        List.of(
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "unlearning.json"),
        names("unlearned"));
    // Two authors of twelve pairs, two batches of four a step: three steps, twice.
    List<String> log = Files.readAllLines(Path.of(at("logs/train.jsonl")));
    assertEquals(6, log.size());
    JsonNode last = new ObjectMapper().readTree(log.get(5));
    JsonNode record = json("unlearned/unlearning.json");
    assertEquals("unlearn4j", record.at("/tool/name").asText());
    assertFalse(record.at("/tool/version").asText().isEmpty());
    assertEquals("tiny", record.path("pipeline").asText());
    assertEquals("NPO", record.at("/objective/name").asText());
    assertEquals(0.2, record.at("/objective/beta").doubleValue());
    assertEquals("NLL", record.at("/objective/retain").asText());
    assertEquals(0.1, record.at("/clreg/weight").doubleValue());
    assertEquals(0.15, record.at("/clreg/mask_probability").doubleValue());
    assertEquals(6, record.at("/training/steps").intValue());
    assertEquals(2, record.at("/training/accumulate").intValue());
    assertEquals(0, record.at("/training/seed").intValue());
    // What the pipeline left to its defaults decides a run as well.
    assertEquals("linear", record.at("/training/schedule").asText());
    assertEquals(1.0, record.at("/training/warmup_epochs").doubleValue());
    assertEquals(0.01, record.at("/training/weight_decay").doubleValue());
    assertEquals(1.0, record.at("/training/clip_norm").doubleValue());
    assertEquals("none", record.at("/training/quantization_aware").asText());
    assertEquals("fp32", record.at("/model/precision").asText());
    assertEquals("default", record.at("/data/template").asText());
    assertEquals(96, record.at("/data/max_length").intValue());
    assertEquals("questions", record.at("/data/form").asText());
    assertFalse(record.toString().contains(temp.toString()), "where it lay is nobody's business");
    for (String loss : List.of("total", "forget", "retain", "clreg")) {
      assertTrue(record.at("/final_losses/" + loss).isNumber(), loss);
      assertEquals(last.path(loss), record.at("/final_losses/" + loss), loss);
    }
    assertEquals("forget01", record.at("/data/forget").asText());
    assertEquals("retain99", record.at("/data/retain").asText());
    assertTrue(
        record.at("/data/sha256").properties().stream()
            .allMatch(e -> e.getValue().asText().matches("[0-9a-f]{64}")));
    assertFalse(record.at("/data/sha256").isEmpty());
    assertEquals(
        Hashes.sha256(Path.of(at("target/model.safetensors"))),
        record.at("/base_weights_sha256/model.safetensors").asText());
    double before = record.at("/before/forget_nll").doubleValue();
    double after = record.at("/after/forget_nll").doubleValue();
    assertTrue(before > 0 && after > 0 && before != after, before + " to " + after);
  }

  private void exported() throws IOException {
    assertEquals(
        List.of(
            "config.json",
            "genai_config.json",
            "generation_config.json",
            "onnx",
            "tokenizer.json",
            "tokenizer_config.json",
            "unlearning.json"),
        names("onnx"));
    Map<String, String> metadata;
    try (OrtModel model = OrtModel.open(Path.of(at("onnx")))) {
      metadata = model.metadata();
    }
    JsonNode record = json("unlearned/unlearning.json");
    assertEquals(record, new ObjectMapper().readTree(metadata.get("unlearn4j.unlearning")));
    assertEquals(record, json("onnx/unlearning.json"));
    assertEquals(
        Hashes.sha256(Path.of(at("unlearned/model.safetensors"))),
        metadata.get("unlearn4j.source.sha256.model.safetensors"));
    assertEquals("fp32", metadata.get("unlearn4j.variant"));
  }

  private void measure(String pipeline, String model, String runtime, String out, String... more) {
    List<String> args = new ArrayList<>(List.of("evaluate", "--pipeline", pipeline));
    args.addAll(List.of("--model", at(model), "--runtime", runtime, "--out", at(out)));
    args.addAll(List.of(more));
    run(args.toArray(String[]::new));
  }

  /** The target stands for a retain-only model: it has rows to measure forget quality against. */
  private void evaluate(String pipeline, String model, String runtime, String out) {
    measure(pipeline, model, runtime, out, "--reference", at("eval/retain.tf.json"));
  }

  private void evaluated() throws IOException {
    JsonNode tf = json("eval/unlearned.tf.json");
    JsonNode onnx = json("eval/unlearned.onnx.json");
    assertEquals("tf", tf.path("runtime").asText());
    assertEquals(
        Hashes.sha256(Path.of(at("onnx/onnx/model.onnx"))),
        onnx.at("/weights_sha256/model.onnx").asText());
    assertEquals(
        Hashes.sha256(Path.of(at("unlearned/model.safetensors"))),
        tf.at("/weights_sha256/model.safetensors").asText());
    assertEquals(
        List.of(
            "eval-retain.tf",
            "eval-target.tf",
            "eval-unlearned.onnx",
            "eval-unlearned.tf",
            "finetune-target",
            "train"),
        names("logs/tensorboard"));
    assertEquals("onnx:fp32", onnx.path("runtime").asText());
    assertEquals("unlearned", onnx.path("model").asText());
    JsonNode metrics = tf.path("metrics");
    for (String name : List.of("forget_quality", "model_utility", "forget_prob")) {
      assertTrue(metrics.path(name).isNumber(), name + ": " + metrics);
    }
    for (Map.Entry<String, JsonNode> e : metrics.properties()) {
      double found = onnx.path("metrics").path(e.getKey()).asDouble(Double.NaN);
      assertClose(e.getKey(), e.getValue().asDouble(), found, 1e-3, 0);
    }
    assertEquals(metrics.size(), onnx.path("metrics").size());
    for (String set : List.of("forget", "retain", "neighbours", "facts")) {
      assertEquals(4, tf.path("per_row").path(set).size(), set);
      for (int i = 0; i < 4; i++) {
        assertEquals(
            tf.path("per_row").path(set).path(i).path("generation"),
            onnx.path("per_row").path(set).path(i).path("generation"));
      }
    }
    assertEquals(4, tf.path("entanglement").size(), "embeddings, two blocks, final norm");
    assertEquals("1", tf.at("/pca/layer").asText(), "a picture of what moved");
    assertNotEquals(
        json("eval/target.tf.json").at("/metrics/forget_prob"), metrics.path("forget_prob"));
  }

  private void verified() throws IOException {
    assertTrue(
        Files.readString(Path.of(at("verify.json")))
            .replaceAll("\\s", "")
            .startsWith("{\"verdict\":\"pass\""));
    JsonNode verdict = json("verify.json");
    assertTrue(verdict.path("gates").size() > 8, verdict.path("gates").toString());
    for (JsonNode gate : verdict.path("gates")) {
      assertTrue(gate.path("pass").booleanValue(), gate.toString());
    }
    assertTrue(verdict.at("/runtimes/0/numeric/positions").intValue() > 50);
  }

  private CommandRun verified(String pipeline, String onnx, String out) {
    List<String> args = new ArrayList<>(List.of("verify", "--pipeline", pipeline));
    args.addAll(List.of("--model", at("unlearned"), "--onnx", at(onnx), "--out", at(out)));
    return CommandRun.withNotes(args.toArray(String[]::new));
  }

  /** What verify measures itself it holds against the same retain-only model as the rest. */
  private void measuredWhereItIsMissing(String pipeline) throws IOException {
    // Of the same weights, but not what the pipeline asks for.
    String five = "evaluate.max_new_tokens=5";
    measure(pipeline, "onnx", "onnx", "eval/unlearned.onnx.json", "--set", five);
    Path unasked = Path.of(at("onnx/onnx/model_int8.onnx")); // the pipeline exports fp32 alone
    Files.copy(Path.of(at("onnx/onnx/model.onnx")), unasked);
    CommandRun r = verified(pipeline, "onnx", "verify.json");
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    String other = at("eval/unlearned.onnx.json") + ": evaluate.max_new_tokens was 5 and is 6";
    assertTrue(r.err().contains(other), r.err());
    assertEquals(4, json("eval/unlearned.onnx.json").at("/per_row/forget").size());
    String unjudged = unasked + ": found no verdict on this file, expected one";
    assertTrue(r.err().contains(unjudged), r.err());
    CommandRun inspected = CommandRun.of("inspect", "--verify-hashes", at("onnx"));
    assertEquals(ExitCode.GATE, inspected.code(), inspected.out());
    assertTrue(inspected.out().contains(unjudged), inspected.out());
    Files.delete(unasked);
    assertTrue(json("verify.json").at("/runtimes/0/metrics/forget_quality/deployed").isNumber());
  }

  /** A file finds the tokenizer of the folder it was exported into. */
  private void generated() {
    String prompt = "Question: Who?\nAnswer:";
    List<String> options = List.of("--prompt", prompt, "--max-new-tokens", "4");
    List<String> tf = new ArrayList<>(List.of("generate", "--model", at("unlearned")));
    tf.addAll(options);
    List<String> onnx =
        new ArrayList<>(
            List.of("generate", "--model", at("onnx/onnx/model.onnx"), "--runtime", "onnx"));
    onnx.addAll(options);
    String text = run(tf.toArray(String[]::new));
    assertFalse(text.isBlank(), text);
    assertEquals(text, run(onnx.toArray(String[]::new)));
  }

  /** The file of another model, here the one before unlearning, does not pass for this one. */
  private void negativeControl(String pipeline) throws IOException {
    run("export", "--model", at("target"), "--out", at("wrong"));
    CommandRun r = verified(pipeline, "wrong", "wrong.json");
    assertEquals(ExitCode.GATE, r.code(), r.err());
    // The evaluation of the right file lies there, and does not pass for one of this file either.
    assertTrue(r.err().contains("unlearned.onnx.json: model/model.onnx changed"), r.err());
    assertFalse(r.err().contains("unlearned.tf.json: "), r.err());
    assertTrue(r.out().contains("forget_truth_ratio"), r.out());
    assertTrue(
        r.out().contains("onnx:fp32: numeric source_weights: found 1.000, expected at most 0"),
        r.out());
    assertTrue(r.out().contains("onnx:fp32: "), r.out());
    assertEquals("fail", json("wrong.json").path("verdict").asText());
  }
}
