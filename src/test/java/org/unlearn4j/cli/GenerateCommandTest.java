package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.unlearn4j.weights.Variant;

/** {@code generate} as a user runs it, on the embedded model. */
class GenerateCommandTest {
  private static final String MODEL = "models/fable-target";
  private static final List<String> PROMPTS =
      List.of(
          "Question: Who wrote the book?\nAnswer:",
          "The",
          "Question: In which town was the author born, and when was that?\nAnswer:");

  @TempDir static Path folder;
  private static Path onnx;
  private static Path older;
  private static Path prompts;

  @BeforeAll
  static void export() throws IOException {
    onnx = folder.resolve("onnx");
    run("export", "--model", MODEL, "--out", onnx.toString());
    older = folder.resolve("older");
    String all = String.join(",", Variant.labels());
    run("export", "--model", MODEL, "--out", older.toString(), "--variants", all, "--opset", "17");
    StringBuilder lines = new StringBuilder();
    for (String prompt : PROMPTS) {
      lines.append(new ObjectMapper().createObjectNode().put("prompt", prompt)).append("\n\n");
    }
    prompts = Files.writeString(folder.resolve("prompts.jsonl"), lines);
  }

  private static String run(String... args) {
    CommandRun r = CommandRun.of(args);
    assertEquals(ExitCode.DONE, r.code(), r.err());
    return r.out();
  }

  private static String onnx(String... more) {
    List<String> args = new ArrayList<>(List.of("generate", "--model", onnx.toString()));
    args.addAll(List.of("--runtime", "onnx", "--max-new-tokens", "12"));
    args.addAll(List.of(more));
    return run(args.toArray(String[]::new));
  }

  private static List<JsonNode> json(String lines) throws IOException {
    List<JsonNode> all = new ArrayList<>();
    for (String line : lines.lines().toList()) {
      all.add(new ObjectMapper().readTree(line));
    }
    return all;
  }

  /** The texts depend on neither the batch nor the runtime, drawn or not. */
  @ParameterizedTest
  @CsvSource({"0", "0.9"})
  void theSameTextsInAnyBatchOnEveryRuntime(String temperature) throws IOException {
    List<String> options = new ArrayList<>(List.of("--prompts", prompts.toString(), "--json"));
    options.addAll(List.of("--temperature", temperature));
    boolean drawn = !temperature.equals("0");
    if (drawn) {
      options.addAll(List.of("--top-p", "0.95", "--seed", "7"));
    }
    String together = onnx(options.toArray(String[]::new));
    List<String> single = new ArrayList<>(options);
    single.addAll(List.of("--batch-size", "1"));
    assertEquals(together, onnx(single.toArray(String[]::new)));
    List<String> tf = new ArrayList<>(List.of("generate", "--model", MODEL));
    tf.addAll(List.of("--max-new-tokens", "12"));
    tf.addAll(options);
    assertEquals(together, run(tf.toArray(String[]::new)));
    List<JsonNode> lines = json(together);
    assertEquals(3, lines.size());
    for (int i = 0; i < 3; i++) {
      assertEquals(i, lines.get(i).path("index").intValue());
      assertEquals(PROMPTS.get(i), lines.get(i).path("prompt").textValue());
      assertFalse(lines.get(i).path("text").textValue().isBlank(), together);
      assertTrue(lines.get(i).path("tokens").intValue() <= 12);
    }
    if (drawn) {
      List<String> other = new ArrayList<>(options);
      other.set(other.indexOf("7"), "8");
      assertNotEquals(together, onnx(other.toArray(String[]::new)), "another seed");
    }
  }

  @Test
  void oneIsTextAloneAndSeveralAreNumbered() throws IOException {
    List<String> texts =
        json(onnx("--prompts", prompts.toString(), "--json")).stream()
            .map(n -> n.path("text").textValue())
            .toList();
    assertEquals(texts.get(0) + "\n", onnx("--prompt", PROMPTS.get(0)));
    assertEquals(
        "[1] The\n" + texts.get(1) + "\n[2] " + PROMPTS.get(0) + "\n" + texts.get(0) + "\n",
        onnx("--prompt", "The", "--prompt", PROMPTS.get(0)));
  }

  /** From within a word: no token is the stop word. */
  @Test
  void stopWordsEndATextAndAreNoPartOfIt() throws IOException {
    String text = onnx("--prompt", PROMPTS.get(0)).strip();
    assertTrue(text.length() > 12, text);
    String word = text.substring(5, 11);
    int at = text.indexOf(word);
    String out = onnx("--prompt", PROMPTS.get(0), "--stop", word, "--stop", "never said");
    assertEquals(text.substring(0, at), out.substring(0, out.length() - 1).stripLeading());
    JsonNode line = json(onnx("--prompt", PROMPTS.get(0), "--stop", word, "--json")).get(0);
    assertEquals(text.substring(0, at), line.path("text").textValue().stripLeading());
    assertTrue(line.path("tokens").intValue() < 12, "nothing is decoded after it: " + line);
  }

  /**
   * What is drawn in each number format, in the older operator set, ends at a stop word from within
   * a word; the rest is what the same seed draws without one.
   */
  @ParameterizedTest
  @EnumSource(Variant.class)
  void drawnTextsEndAtStopWordsInEveryVariant(Variant variant) throws IOException {
    // One at a time: activations of int8-dynamic know the other rows of their batch.
    String[] options = {
      "--temperature", "0.9", "--top-p", "0.95", "--seed", "7", "--batch-size", "1", "--json"
    };
    List<JsonNode> whole = json(older(variant, options));
    String text = whole.get(0).path("text").textValue();
    assertTrue(text.strip().length() > 12, text);
    String word = text.substring(6, 12);
    List<String> stopping = new ArrayList<>(List.of(options));
    stopping.addAll(List.of("--stop", word));
    List<JsonNode> stopped = json(older(variant, stopping.toArray(String[]::new)));
    for (int i = 0; i < PROMPTS.size(); i++) {
      String all = whole.get(i).path("text").textValue();
      int at = all.indexOf(word);
      String due = at < 0 ? all : all.substring(0, at);
      assertEquals(due, stopped.get(i).path("text").textValue(), variant + ", prompt " + i);
    }
    assertTrue(
        stopped.get(0).path("tokens").intValue() < whole.get(0).path("tokens").intValue(),
        "nothing is decoded after it: " + stopped.get(0));
  }

  private static String older(Variant variant, String... more) {
    List<String> args = new ArrayList<>(List.of("generate", "--model", older.toString()));
    args.addAll(List.of("--runtime", "onnx:" + variant.label(), "--max-new-tokens", "12"));
    args.addAll(List.of("--prompts", prompts.toString()));
    args.addAll(List.of(more));
    return run(args.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--temperature -1 | --temperature: found -1.0, expected 0 (greedy) or more.",
        "--temperature warm | --temperature: found warm, expected a number.",
        "--top-p 0.9 | --top-p: found no --temperature above 0, expected one",
        "--seed 3 | --seed: found no --temperature above 0, expected one",
        "--temperature 1 --top-p 0 | --top-p: found 0.0, expected more than 0 and at most 1.",
        "--temperature 1 --seed x | --seed: found x, expected an integer of at least 0.",
        "--batch-size 0 | --batch-size: found 0, expected an integer of at least 1.",
        "--prompts none.txt | none.txt: found no such file, expected a file of prompts.",
        "--max-new-tokens 3 --max-new-tokens 4 | found --max-new-tokens twice"
      })
  void mistakes(String options, String sentence) {
    List<String> args = new ArrayList<>(List.of("generate", "--model", MODEL, "--prompt", "The"));
    args.addAll(List.of(options.split(" ")));
    CommandRun r = CommandRun.of(args.toArray(String[]::new));
    assertEquals(ExitCode.USER, r.code(), r.err());
    assertTrue(r.err().contains(sentence), r.err());
  }

  @Test
  void promptsThatAreNone() throws IOException {
    CommandRun r = CommandRun.of("generate", "--model", MODEL);
    assertEquals(ExitCode.USER, r.code());
    assertTrue(r.err().contains("found neither --prompt nor --prompts"), r.err());
    Path empty = Files.writeString(folder.resolve("empty.txt"), "\n \n");
    r = CommandRun.of("generate", "--model", MODEL, "--prompts", empty.toString());
    assertTrue(r.err().contains("empty.txt: found no prompt, expected one a line."), r.err());
    Path wrong = Files.writeString(folder.resolve("wrong.jsonl"), "{\"prompt\": 3}\n");
    r = CommandRun.of("generate", "--model", MODEL, "--prompts", wrong.toString());
    assertTrue(r.err().contains("wrong.jsonl, line 1: found no text under \"prompt\""), r.err());
    r = CommandRun.of("generate", "--model", MODEL, "--prompt", "The", "--stop", "");
    assertTrue(r.err().contains("--stop: found an empty text"), r.err());
  }
}
