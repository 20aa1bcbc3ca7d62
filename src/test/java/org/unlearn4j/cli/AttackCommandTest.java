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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Asked otherwise, on both runtimes: a model of two blocks that knows its pairs, and a twin that
 * was not taught some of them.
 */
class AttackCommandTest {
  @TempDir Path temp;

  private Path write(String name, String... lines) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, String.join("\n", lines) + "\n");
  }

  private static final List<String> NAMES =
      List.of(
          "Beata Aststed",
          "Aldo Tolvane",
          "Livia Wendal",
          "Caspar Morbek",
          "Matti Lindal",
          "Falk Bremark",
          "Niels Tolnick",
          "Viktor Verrick");
  private static final List<String> TOWNS =
      List.of(
          "Ambleport",
          "Brackhaven",
          "Coldmere",
          "Dunfell",
          "Eastwater",
          "Fernley",
          "Goldhurst",
          "Hartmouth");

  private static String pairs(int from, int to) {
    StringBuilder all = new StringBuilder();
    for (int i = from; i < to; i++) {
      all.append(
          String.format(
              "{\"question\": \"Where was %s born?\", \"answer\": \"She was born in %s.\"}%n",
              NAMES.get(i), TOWNS.get(i)));
    }
    return all.toString().strip();
  }

  private String at(String name) {
    return temp.resolve(name).toString();
  }

  private String data() {
    return "data: {benchmark: jsonl, path: "
        + temp.resolve("own")
        + ", forget: private, retain: public, max_length: 64}";
  }

  private static String run(String... args) {
    CommandRun r = CommandRun.of(args);
    assertEquals(ExitCode.DONE, r.code(), r.out() + r.err());
    return r.out();
  }

  private String taught() throws IOException {
    write("own/private.jsonl", pairs(0, 3));
    write("own/public.jsonl", pairs(3, 8));
    String teaching =
        write(
                "teach.yaml",
                "name: own",
                "model:",
                "  init: random",
                "  tokenizer: src/test/resources/fable-tokenizer",
                "  architecture: {hidden_size: 32, layers: 2, heads: 4, kv_heads: 2, ffn: 48,"
                    + " max_positions: 128}",
                data(),
                "finetune: {epochs: 150, batch_size: 8, learning_rate: 2.0e-2, weight_decay: 0,"
                    + " schedule: constant}",
                "unlearn: {objective: {name: GradDiff}}")
            .toString();
    run("finetune", "--pipeline", teaching, "--out", at("target"));
    String twin = "finetune.data=retain";
    run("finetune", "--pipeline", teaching, "--set", twin, "--out", at("retain"));
    run("export", "--model", at("target"), "--variants", "fp32", "--out", at("onnx"));
    write(
        "mine.jsonl",
        "{\"prompt\": \"Question: Where was Beata Aststed born?\\nAnswer:\","
            + " \"keywords\": [\"Ambleport\"]}");
    return write(
            "own.yaml",
            "name: own",
            "model: {path: " + at("target") + ", reference: " + at("retain") + "}",
            data(),
            "unlearn: {objective: {name: GradDiff}}",
            "attack: {max_new_tokens: 6, samples: 4, prompts: " + at("mine.jsonl") + "}")
        .toString();
  }

  private JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(temp.resolve(file).toFile());
  }

  private JsonNode family(JsonNode root, String name, String model) {
    for (JsonNode f : root.path("families")) {
      if (f.path("family").asText().equals(name)) {
        return f.path("models").path(model);
      }
    }
    throw new AssertionError(name + " of " + root.path("families"));
  }

  @Test
  void whatLeaksIsMeasuredAndBothRuntimesAgree() throws IOException {
    String own = taught();
    // The model before unlearning in the unlearned one's place: everything leaks.
    List<String> args = new ArrayList<>(List.of("attack", "--pipeline", own));
    args.addAll(List.of("--model", at("target"), "--out", at("tf.json")));
    args.addAll(List.of("--set", "attack.push=[noise, prune, merge_back]"));
    args.addAll(List.of("--set", "attack.lens=true"));
    args.addAll(LEARNING);
    String told = run(args.toArray(String[]::new));
    assertTrue(told.contains("above retain-only"), told);
    String[] deployed = {
      "attack",
      "--pipeline",
      own,
      "--runtime",
      "onnx",
      "--model",
      at("onnx"),
      "--out",
      at("ort.json"),
      "--trained",
      at("target"),
      "--set",
      "attack.push=[noise]",
      "--set",
      "attack.lens=true",
      LEARNING.get(0),
      LEARNING.get(1),
      LEARNING.get(2),
      LEARNING.get(3),
      LEARNING.get(4),
      LEARNING.get(5)
    };
    run(deployed);
    JsonNode tf = json("tf.json");
    JsonNode ort = json("ort.json");
    JsonNode direct = family(tf, "direct", "unlearned.tf");
    double known = direct.path("leakage").asDouble(Double.NaN);
    assertTrue(known >= 2 / 3.0, "of three towns: " + known);
    double twin = family(tf, "direct", "retain_only").path("leakage").asDouble(Double.NaN);
    assertTrue(twin <= 1 / 3.0, "the twin guesses: " + twin);
    assertClose("excess", known - twin, direct.path("excess").asDouble(Double.NaN), 1e-12, 0);
    // One's own prompt is the first question in the template, spelled out.
    int last = tf.path("probes").size() - 5; // the questions that two attacks did not learn from
    assertEquals(
        tf.at("/probes/0/answers/unlearned.tf/said").asText("none"),
        tf.path("probes").path(last).path("answers").path("unlearned.tf").path("said").asText());
    agree(tf, ort);
    pushed(tf, known, told);
    lens(tf);
    readBack(tf, ort);
    learned(tf);
    assertEquals(2, tf.path("sampled").size(), "the model and the yardstick");
    assertEquals("retain_only", ort.at("/sampled/1/model").asText("none"));
    for (int i = 0; i < 2; i++) {
      JsonNode points = tf.path("sampled").path(i).path("points");
      assertEquals("[1,2,4]", points.findValues("k").toString().replace(" ", ""));
      assertEquals(points, ort.path("sampled").path(i).path("points"), "the same draws");
      assertEquals(i == 0 ? 3 : 0, points.findValues("excess").size());
    }
    assertFalse(Files.exists(temp.resolve(".tf.json.rows")));
    assertEquals(tf.path("probes").size(), ort.path("probes").size());
    String before = Files.readString(temp.resolve("ort.json"));
    run(deployed);
    assertEquals(
        before, Files.readString(temp.resolve("ort.json")), "the same dice, byte for byte");
    gates(own);
  }

  /** Every probe: what is said is the same, and probabilities are, but for the order of sums. */
  private static void agree(JsonNode tf, JsonNode ort) {
    int families = tf.path("families").size();
    assertTrue(families >= 14, families + " families");
    for (int i = 0; i < tf.path("probes").size(); i++) {
      JsonNode a = tf.path("probes").path(i);
      JsonNode b = ort.path("probes").path(i);
      assertEquals(a.path("question"), b.path("question"));
      JsonNode left = a.at("/answers/unlearned.tf");
      JsonNode right = b.at("/answers/unlearned.onnx");
      assertEquals(left.path("said").asText(), right.path("said").asText(), a.toString());
      assertClose(
          a.toString(),
          left.path("probability").asDouble(Double.NaN),
          right.path("probability").asDouble(Double.NaN),
          1e-4,
          0);
    }
  }

  private static final List<String> LEARNING =
      List.of(
          "--set",
          "attack.soft_prompt={rows: 1, vectors: 3, steps: 0}",
          "--set",
          "attack.head={rows: 1, steps: 20}",
          "--set",
          "attack.limits={soft_prompt: 1, head: 1}");

  /** The weights of the file are those of the folder, and so is all that is done with them. */
  private static void readBack(JsonNode tf, JsonNode ort) {
    assertEquals(1, ort.path("pushed").size());
    for (int i = 0; i < 3; i++) {
      assertEquals(
          tf.path("pushed").path(0).path("points").path(i),
          ort.path("pushed").path(0).path("points").path(i));
    }
    assertEquals(tf.at("/lens/unlearned.tf"), ort.at("/lens/unlearned.onnx"));
    assertEquals(3, ort.at("/lens/unlearned.onnx").size());
  }

  /** No step leaves the question as it was; the head learns, and the limits hold what comes out. */
  private static void learned(JsonNode tf) {
    int heads = 0;
    int plain = 0;
    for (JsonNode probe : tf.path("probes")) {
      JsonNode answer = probe.path("answers").path("unlearned.tf");
      if (probe.path("family").asText().equals("soft_prompt")) {
        JsonNode direct =
            tf.path("probes").path(probe.path("row").asInt()).path("answers").path("unlearned.tf");
        assertEquals(direct.path("said").asText("none"), answer.path("said").asText());
        assertClose(
            "probability",
            direct.path("probability").asDouble(Double.NaN),
            answer.path("probability").asDouble(Double.NaN),
            1e-5,
            0);
        plain++;
      }
      heads += probe.path("family").asText().equals("head") ? 1 : 0;
    }
    assertEquals(2, plain, "of three rows, one learned");
    assertEquals(2, heads);
    assertEquals(6, tf.path("learned").size(), "two attacks on three models");
    for (JsonNode l : tf.path("learned")) {
      double before = l.path("before").asDouble(Double.NaN);
      double after = l.path("after").asDouble(Double.NaN);
      assertTrue(l.path("steps").asInt() == 0 ? after == before : after < before, l.toString());
    }
  }

  /** All the way back, both models are the target; what is said there is what it says. */
  private static void pushed(JsonNode tf, double known, String told) {
    assertTrue(told.contains("unlearned.tf, pushed by merge_back:"), told);
    assertEquals(3, tf.path("pushed").size());
    List<Integer> sizes = new ArrayList<>();
    tf.path("pushed").forEach(p -> sizes.add(p.path("points").size()));
    assertEquals(List.of(3, 5, 4), sizes);
    JsonNode back = tf.path("pushed").path(2).path("points").path(3);
    assertEquals(1, back.path("amount").asDouble(0));
    assertEquals(known, back.path("leakage").asDouble(Double.NaN));
    assertEquals(known, back.path("retain_only").asDouble(Double.NaN));
    assertEquals(0, back.path("excess").asDouble(Double.NaN));
    JsonNode near = tf.path("pushed").path(2).path("points").path(0);
    double quarter = near.path("retain_only").asDouble(Double.NaN);
    assertTrue(quarter < known, "a quarter of the way: " + quarter);
    JsonNode half = tf.path("pushed").path(1).path("points").path(4);
    double pruned = half.path("probability").asDouble(Double.NaN);
    // So small a model may guess better or worse without half of its weights, but not the same.
    double change = Math.abs(pruned - back.path("probability").asDouble(Double.NaN));
    assertTrue(change > 1e-6, "half of its weights: " + change);
  }

  /** The last layer's is the model's own probability; below, each model's is another number. */
  private void lens(JsonNode tf) {
    for (String model : List.of("unlearned.tf", "retain_only", "target")) {
      JsonNode layers = tf.path("lens").path(model);
      assertEquals(3, layers.size(), "embeddings and two blocks: " + layers);
      double own = family(tf, "direct", model).path("probability").asDouble(Double.NaN);
      assertClose(model, own, layers.path("1").asDouble(Double.NaN), 1e-5, 0);
      double below = layers.path("embeddings").asDouble(Double.NaN);
      assertTrue(below > 0 && below < own, model + " " + layers);
    }
  }

  private void gates(String own) throws IOException {
    String[] args = {
      "attack",
      "--pipeline",
      own,
      "--model",
      at("target"),
      "--out",
      at("gate.json"),
      "--set",
      "attack.families=[direct, json]",
      "--set",
      "attack.leakage_max=1",
      "--set",
      "attack.limits.direct=0.1"
    };
    CommandRun r = CommandRun.of(args);
    assertEquals(1, r.code(), r.out() + r.err());
    assertTrue(r.out().contains(": expected at most 0.100"), r.out());
    assertTrue(r.out().contains("gate.json: fail"), r.out());
    assertEquals(2, json("gate.json").path("families").size());
    args[args.length - 1] = "attack.limits.direct=1";
    assertEquals(0, CommandRun.of(args).code());
    String text = Files.readString(Path.of(own));
    String alone = write("alone.yaml", text.replaceAll(", reference: [^}]*", "")).toString();
    CommandRun no =
        CommandRun.of(
            "attack",
            "--pipeline",
            alone,
            "--set",
            "attack.leakage_max=1",
            "--model",
            at("target"),
            "--out",
            at("x.json"));
    assertEquals(ExitCode.USER, no.code());
    assertTrue(no.err().contains("leakage_max=1: found a limit without model.reference"), no.err());
    String bare = write("bare.yaml", text.replaceAll("attack: .*", "")).toString();
    CommandRun none = CommandRun.of("attack", "--pipeline", bare, "--out", at("x.json"));
    assertEquals(
        "pipeline: found no attack block, expected one for this stage.", none.err().strip());
  }
}
