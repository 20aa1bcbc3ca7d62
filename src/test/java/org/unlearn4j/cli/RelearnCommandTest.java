package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.eval.RelearnResult;

/**
 * Does it stay forgotten? On models of one or two blocks, taught pairs of one's own; the
 * retain-only twin has a block less than the model that forgets.
 */
class RelearnCommandTest {
  private static final int FORGET = 3;

  @TempDir Path temp;

  private Path write(String name, String... lines) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, String.join("\n", lines) + "\n");
  }

  private static String pairs(int from, int to) {
    StringBuilder all = new StringBuilder();
    for (int i = from; i < to; i++) {
      all.append(
          String.format(
              "{\"question\": \"Where was writer %d born?\", \"answer\": \"In harbour %d.\"}%n",
              i, i));
    }
    return all.toString().strip();
  }

  private String teaching() throws IOException {
    write("own/private.jsonl", pairs(0, FORGET));
    write("own/public.jsonl", pairs(FORGET, 8));
    return write(
            "teach.yaml",
            "name: own",
            "model:",
            "  init: random",
            "  tokenizer: src/test/resources/fable-tokenizer",
            "  architecture: {hidden_size: 32, layers: 2, heads: 4, kv_heads: 2, ffn: 48,"
                + " max_positions: 128}",
            data(),
            "finetune: {epochs: 12, batch_size: 4, learning_rate: 1.0e-2}",
            "unlearn: {objective: {name: GradDiff}}")
        .toString();
  }

  private String data() {
    return "data: {benchmark: jsonl, path: "
        + temp.resolve("own")
        + ", forget: private, retain: public, max_length: 64}";
  }

  private String own() throws IOException {
    return write(
            "own.yaml",
            "name: own",
            "model: {path: " + at("target") + ", reference: " + at("retain") + "}",
            data(),
            "unlearn: {objective: {name: GradDiff}, epochs: 4, batch_size: 4, learning_rate: 3.0e-3}",
            "evaluate: {max_new_tokens: 4}",
            "relearn: {share: 0.34, epochs: 6, batch_size: 2, learning_rate: 1.0e-2}")
        .toString();
  }

  private String at(String name) {
    return temp.resolve("run").resolve(name).toString();
  }

  private static String run(String... args) {
    CommandRun r = CommandRun.of(args);
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    return r.out();
  }

  private void evaluate(String pipeline, String model, String out, String... more) {
    List<String> args = new ArrayList<>(List.of("evaluate", "--pipeline", pipeline));
    args.addAll(List.of("--model", at(model), "--runtime", "tf", "--out", at(out)));
    args.addAll(List.of(more));
    run(args.toArray(String[]::new));
  }

  private static JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(Path.of(file).toFile());
  }

  @Test
  void whatComesBackIsMeasured() throws IOException {
    String teaching = teaching();
    run("finetune", "--pipeline", teaching, "--out", at("target"));
    run(
        "finetune",
        "--pipeline",
        teaching,
        "--set",
        "finetune.data=retain",
        "--set",
        "model.architecture.layers=1",
        "--out",
        at("retain"));
    String own = own();
    run("unlearn", "--pipeline", own, "--out", at("unlearned"));
    evaluate(own, "retain", "eval/retain.tf.json");
    evaluate(own, "unlearned", "eval/unlearned.tf.json", "--reference", at("eval/retain.tf.json"));
    layersOfEqualDepth();

    String weights = Hashes.sha256(Path.of(at("unlearned/model.safetensors")));
    String told = run("relearn", "--pipeline", own, "--out", at("relearn.json"));
    assertTrue(told.contains("retain_only, taught 1 rows of forget:"), told);
    assertTrue(told.contains("forget_prob_untaught"), told);
    assertEquals(weights, Hashes.sha256(Path.of(at("unlearned/model.safetensors"))));
    arms();
    assertFalse(Files.exists(Path.of(at("checkpoints"))));
    assertFalse(Files.exists(Path.of(at(".relearn.json.arms"))));
    assertTrue(Files.exists(Path.of(at("logs/tensorboard/relearn-retain_only-retain"))));
    otherWeights(own);
    resumed(own);
    curves(own);
    passages();
    mistakes(own);
  }

  /** The embeddings and block 0 have a counterpart of equal depth, the final norm has none. */
  private void layersOfEqualDepth() throws IOException {
    JsonNode layers = json(at("eval/retain.tf.json")).path("entanglement");
    assertEquals(3, layers.size());
    for (String layer : List.of("embeddings", "0")) {
      assertTrue(layers.path(layer).path("retain_drift").isNumber(), layer);
    }
    assertTrue(layers.path("final_norm").path("cosine").isNumber());
    assertTrue(layers.path("final_norm").path("retain_drift").isMissingNode());
    assertTrue(layers.path("final_norm").path("cosine_before").isMissingNode());
    assertEquals(
        Hashes.sha256(Path.of(at("retain/model.safetensors"))),
        json(at("eval/retain.tf.json")).at("/weights_sha256/model.safetensors").asText());
  }

  private void arms() throws IOException {
    JsonNode root = json(at("relearn.json"));
    assertEquals(0.34, root.path("share").doubleValue());
    assertEquals(6, root.path("epochs").intValue());
    assertEquals(2, root.path("arms").size());
    List<String> names = new ArrayList<>();
    root.path("metrics").forEach(n -> names.add(n.asText()));
    assertTrue(
        names.containsAll(List.of("forget_prob", "forget_prob_untaught", "retain_prob")),
        names.toString());
    for (int a = 0; a < 2; a++) {
      JsonNode arm = root.path("arms").path(a);
      assertEquals(List.of("forget", "retain").get(a), arm.path("data").asText());
      assertEquals(1, arm.path("rows").intValue(), "a third of three rows, and as many");
      assertEquals(2, arm.path("models").size());
      for (Map.Entry<String, JsonNode> model : arm.path("models").properties()) {
        JsonNode m = model.getValue();
        JsonNode first = root.path("arms").path(0).path("models").path(model.getKey());
        assertEquals(first.path("before"), m.path("before"), "both arms start alike");
        for (String metric : names) {
          wayBack(root.path("target"), m, metric);
        }
      }
    }
    JsonNode unlearned = root.at("/arms/0/models/unlearned");
    assertEquals(
        json(at("eval/unlearned.tf.json")).at("/metrics/forget_prob"),
        unlearned.at("/before/forget_prob"));
    // The mean over all is that of the taught row and twice that of the others.
    double all = unlearned.at("/after/forget_prob").doubleValue();
    double others = unlearned.at("/after/forget_prob_untaught").doubleValue();
    double taught = FORGET * all - (FORGET - 1) * others;
    double before =
        FORGET * unlearned.at("/before/forget_prob").doubleValue()
            - (FORGET - 1) * unlearned.at("/before/forget_prob_untaught").doubleValue();
    assertTrue(taught > 0 && taught <= 1 + 1e-9, "a probability: " + taught);
    assertTrue(taught > before + 0.05, "what was taught is known: " + before + " to " + taught);
  }

  private static void wayBack(JsonNode target, JsonNode model, String metric) {
    double before = model.path("before").path(metric).asDouble(Double.NaN);
    double after = model.path("after").path(metric).asDouble(Double.NaN);
    double way = target.path(metric).asDouble(Double.NaN) - before;
    JsonNode found = model.path("way_back").path(metric);
    if (Math.abs(way) < 0.02) {
      assertTrue(found.isNull(), metric + " has no way to go: " + found);
    } else {
      assertClose(metric, (after - before) / way, found.asDouble(Double.NaN), 1e-12, 0);
    }
  }

  /** An evaluation that lies there, but of another model, is not believed. */
  private void otherWeights(String own) throws IOException {
    String expected = Files.readString(Path.of(at("relearn.json")));
    evaluate(own, "target", "eval/target.tf.json", "--reference", at("eval/retain.tf.json"));
    Path file = Path.of(at("eval/unlearned.tf.json"));
    Files.writeString(file, Files.readString(Path.of(at("eval/target.tf.json"))));
    CommandRun r = CommandRun.withNotes("relearn", "--pipeline", own, "--out", at("relearn.json"));
    assertEquals(0, r.code(), r.err());
    assertTrue(
        r.err().contains("unlearned.tf.json: unlearned.tf.json was changed after it was written"),
        r.err());
    assertFalse(r.err().contains("target.tf.json: "), r.err());
    RelearnResult again = RelearnResult.read(Path.of(at("relearn.json")));
    again.write(temp.resolve("copy.json"));
    JsonNode found = json(temp.resolve("copy.json").toString());
    assertEquals(found, json(at("relearn.json")), "the file reads back");
    JsonNode before = new ObjectMapper().readTree(expected);
    String path = "/arms/0/models/unlearned/before/forget_prob";
    assertClose("before", before.at(path).asDouble(), found.at(path).asDouble(), 1e-6, 0);
  }

  /** Killed before its end, here by a folder in the result's place: no arm is taught again. */
  private void resumed(String own) throws IOException {
    Path blocked = Path.of(at("blocked.json"));
    Files.createDirectories(blocked.resolve("x"));
    String[] args = {
      "relearn", "--pipeline", own, "--model", at("unlearned"), "--out", blocked.toString()
    };
    assertEquals(ExitCode.MACHINE, CommandRun.of(args).code());
    assertTrue(Files.exists(Path.of(at(".blocked.json.arms"))));
    Files.delete(blocked.resolve("x"));
    Files.delete(blocked);
    Path log = Path.of(at("logs/relearn-unlearned-forget.jsonl"));
    Files.delete(log);
    run(args);
    assertFalse(Files.exists(log), "taught again");
    assertEquals(json(at("relearn.json")), json(blocked.toString()));
    assertFalse(Files.exists(Path.of(at(".blocked.json.arms"))));
    // Other settings are another run: nothing is taken over.
    Files.createDirectories(temp.resolve("run/other.json/x"));
    String[] other = args.clone();
    other[other.length - 1] = at("other.json");
    CommandRun.of(other);
    Files.move(Path.of(at(".other.json.arms")), Path.of(at(".changed.json.arms")));
    run("relearn", "--pipeline", own, "--set", "relearn.epochs=1", "--out", at("changed.json"));
    assertTrue(Files.exists(log), "another number of epochs is taught");
  }

  /**
   * One row is one step an epoch: six steps. Points are those asked for that there are, the first
   * and the last; what is measured changes nothing about the training; the end of the share 0.34 is
   * that of the arm {@code forget}, which teaches the same row from the same start.
   */
  private void curves(String own) throws IOException {
    String out = at("curves.json");
    String[] sets = {
      "relearn.curve={steps: [2, 5, 99]}",
      "relearn.shares=[0.34, 1]",
      "relearn.teach=[forget, related]"
    };
    List<String> args = new ArrayList<>(List.of("relearn", "--pipeline", own, "--out", out));
    args.addAll(List.of("--model", at("unlearned"), "--weights", at("again")));
    for (String set : sets) {
      args.addAll(List.of("--set", set));
    }
    run(args.toArray(String[]::new));
    JsonNode root = json(out);
    JsonNode plain = json(at("relearn.json"));
    assertTrue(plain.path("shares").isMissingNode(), "not asked for, not written");
    assertTrue(plain.at("/arms/0/models/unlearned/curve").isMissingNode());
    assertEquals(3, root.path("arms").size());
    assertEquals("related", root.at("/arms/2/data").asText());
    for (int arm = 0; arm < 2; arm++) {
      String path = "/arms/" + arm + "/models/unlearned/after/forget_prob";
      double expected = plain.at(path).asDouble(Double.NaN);
      // Sums on several threads differ in their last bits from run to run.
      assertClose(path, expected, root.at(path).asDouble(Double.NaN), 1e-5, 0);
    }
    JsonNode unlearned = root.at("/arms/0/models/unlearned");
    JsonNode curve = unlearned.path("curve");
    assertEquals(List.of(0, 2, 5, 6), steps(curve));
    for (JsonNode point : curve) {
      double taught = point.path("taught").asDouble(Double.NaN);
      assertTrue(taught > 0 && taught <= 1, "a probability: " + taught);
    }
    for (String when : List.of("before", "after")) {
      double untaught = unlearned.path(when).path("forget_prob_untaught").asDouble(Double.NaN);
      JsonNode point = curve.path(when.equals("before") ? 0 : 3);
      assertClose(when, untaught, point.path("untaught").asDouble(Double.NaN), 1e-5, 0);
    }
    assertTrue(
        curve.path(3).path("taught").asDouble() > curve.path(0).path("taught").asDouble() + 0.05);
    shares(root, curve);
    weights(args, unlearned);
  }

  private static List<Integer> steps(JsonNode curve) {
    List<Integer> steps = new ArrayList<>();
    curve.forEach(p -> steps.add(p.path("step").intValue()));
    return steps;
  }

  private static void shares(JsonNode root, JsonNode curve) {
    JsonNode third = root.at("/shares/0/models/unlearned");
    assertEquals(1, root.at("/shares/0/rows").intValue());
    assertEquals(steps(curve), steps(third));
    for (String kind : List.of("taught", "untaught")) {
      double expected = curve.path(3).path(kind).asDouble(Double.NaN);
      assertClose(kind, expected, third.path(3).path(kind).asDouble(Double.NaN), 1e-5, 0);
    }
    JsonNode all = root.at("/shares/1/models/unlearned");
    assertEquals(FORGET, root.at("/shares/1/rows").intValue());
    assertEquals(List.of(0, 2, 5, 12), steps(all), "three rows in twos are two steps an epoch");
    assertTrue(all.path(3).path("untaught").isMissingNode(), "nothing is left");
    assertEquals(2, root.at("/shares/1/models").size(), "the retain-only model is taught, too");
  }

  /** What is written is the model that was measured after the first arm. */
  private void weights(List<String> args, JsonNode unlearned) throws IOException {
    String own = args.get(2);
    evaluate(own, "again", "eval-again/again.tf.json");
    double after = unlearned.path("after").path("forget_prob").asDouble(Double.NaN);
    JsonNode written = json(at("eval-again/again.tf.json")).at("/metrics/forget_prob");
    assertClose("written", after, written.asDouble(Double.NaN), 1e-5, 0);
    List<String> onto = new ArrayList<>(args);
    onto.set(onto.indexOf(at("again")), at("unlearned"));
    CommandRun r = CommandRun.of(onto.toArray(String[]::new));
    assertEquals(ExitCode.USER, r.code(), r.err());
    assertTrue(r.err().contains("found the model to start from"), r.err());
  }

  /** Windows of whole articles are taught; what else is said of articles is found by its text. */
  private void passages() throws IOException {
    String pipeline =
        write(
                "passages.yaml",
                "name: p",
                "model: {path: " + at("target") + "}",
                "data: {benchmark: fable, forget: forget01, max_length: 40, form: passages}",
                "unlearn: {objective: {name: GradDiff}}",
                "evaluate: {suite: muse, limit: 4, max_new_tokens: 8}",
                "relearn: {share: 0.25, batch_size: 2}")
            .toString();
    run(
        "relearn",
        "--pipeline",
        pipeline,
        "--model",
        at("unlearned"),
        "--out",
        at("passages/relearn.json"));
    JsonNode root = json(at("passages/relearn.json"));
    JsonNode after = root.at("/arms/0/models/unlearned/after");
    assertTrue(root.at("/arms/0/rows").intValue() >= 2, "an article has several windows");
    assertEquals(1, root.at("/arms/0/models").size(), "the pipeline names no retain-only model");
    for (String name :
        List.of(
            "verbmem_prob", "verbmem_prob_untaught", "forget_prob_untaught", "knowmem_forget")) {
      assertTrue(after.path(name).isNumber(), name + " of " + after);
    }
    assertTrue(after.path("knowmem_forget_untaught").isMissingNode(), "nobody knows which");
  }

  private void mistakes(String own) throws IOException {
    String text = Files.readString(Path.of(own));
    String bare = write("bare.yaml", text.replaceAll("relearn: .*", "").split("\n")).toString();
    CommandRun r = CommandRun.of("relearn", "--pipeline", bare, "--out", at("x.json"));
    assertEquals(ExitCode.USER, r.code());
    assertEquals("pipeline: found no relearn block, expected one for this stage.", r.err().strip());
  }
}
