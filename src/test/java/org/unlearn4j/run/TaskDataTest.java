package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.data.Refusals;
import org.unlearn4j.lm.TokenRow;

/** What DPO and the view {@code paraphrase} are given, row by row beside the rows to forget. */
class TaskDataTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");

  @TempDir Path folder;

  private static TaskData open(String... sets) {
    List<String> all = new ArrayList<>(List.of("data.max_length=96"));
    all.addAll(List.of(sets));
    return new TaskData(Pipeline.defaults("DPO", all), TOKENIZER, 128);
  }

  private TaskData own(String forget) throws IOException {
    Files.writeString(folder.resolve("private.jsonl"), forget);
    Files.writeString(
        folder.resolve("public.jsonl"), "{\"question\": \"r\", \"answer\": \"kept\"}\n");
    return open(
        "data.benchmark=jsonl", "data.path=" + folder, "data.forget=private", "data.retain=public");
  }

  /** The labelled tokens as text; they are the end of the row. */
  private static String answer(TaskData data, TokenRow row) {
    int from = row.length() - row.labelled();
    int[] ids = Arrays.copyOfRange(row.ids(), from, row.length());
    assertArrayEquals(ids, Arrays.copyOfRange(row.labels(), from, row.length()));
    return data.tokenizer().decode(ids, false);
  }

  private static int[] prompt(TokenRow row) {
    return Arrays.copyOf(row.ids(), row.length() - row.labelled());
  }

  /** The same prompts in the same order, other answers. */
  private static void assertAligned(List<TokenRow> forget, List<TokenRow> other) {
    assertEquals(forget.size(), other.size());
    for (int i = 0; i < forget.size(); i++) {
      assertArrayEquals(prompt(forget.get(i)), prompt(other.get(i)), "prompt of row " + i);
      assertNotEquals(forget.get(i), other.get(i), "answer of row " + i);
    }
  }

  @Test
  void alternatesAreThePromptsWithRefusalsForAnswers() {
    try (TaskData data = open()) {
      List<TokenRow> forget = data.forget();
      List<TokenRow> rows = data.alternates(3, Optional.empty());
      assertAligned(forget, rows);
      List<String> drawn = Refusals.builtIn().draw(180, 3);
      for (int i = 0; i < rows.size(); i++) {
        assertEquals(" " + drawn.get(i) + "<|endoftext|>", answer(data, rows.get(i)), "row " + i);
      }
      assertEquals(rows, data.alternates(3, Optional.empty()));
      assertNotEquals(rows, data.alternates(4, Optional.empty()));
      assertFalse(
          data.notes().stream().anyMatch(n -> n.contains("lost their end")),
          "every refusal fits beside every question of Fable");
    }
  }

  @Test
  void rowsInAnotherOrderWouldBeNoticed() {
    try (TaskData data = open()) {
      List<TokenRow> forget = data.forget();
      List<TokenRow> turned = new ArrayList<>(data.alternates(3, Optional.empty()));
      turned.add(turned.remove(0));
      assertThrows(AssertionError.class, () -> assertAligned(forget, turned));
      assertThrows(AssertionError.class, () -> assertAligned(forget, forget));
    }
  }

  @Test
  void refusalsAreInTheProvenanceOnceTheyAreUsed() throws IOException {
    Path mine = Files.writeString(folder.resolve("mine.txt"), "Ask me another.\n");
    Refusals expected = Refusals.read(mine);
    try (TaskData data = open()) {
      data.forget();
      assertEquals(1, data.provenance().size(), "what is not used is not named");
      data.alternates(0, Optional.empty());
      assertEquals(Refusals.builtIn().sha256(), data.provenance().get("refusals.txt"));
    }
    try (TaskData data = open()) {
      List<TokenRow> rows = data.alternates(0, Optional.of(mine));
      assertEquals(" Ask me another.<|endoftext|>", answer(data, rows.get(179)));
      assertEquals(expected.sha256(), data.provenance().get("mine.txt"));
      assertFalse(data.provenance().containsKey("refusals.txt"));
      Path none = folder.resolve("none.txt");
      assertThrows(UserException.class, () -> data.alternates(0, Optional.of(none)));
    }
  }

  /** Without a file of everything, everything is what is kept and what is forgotten. */
  @Test
  void everythingIsBothPartsUnlessThereIsAFile() throws IOException {
    String row = "{\"question\": \"f\", \"answer\": \"%s\"}\n";
    try (TaskData data = own(row.formatted("one") + row.formatted("two"))) {
      List<TokenRow> full = data.training("full");
      List<TokenRow> expected = new ArrayList<>(data.retain());
      expected.addAll(data.forget());
      assertEquals(3, full.size());
      assertEquals(expected, full);
    }
    Files.writeString(folder.resolve("full.jsonl"), row.formatted("three"));
    try (TaskData data = own(row.formatted("one"))) {
      assertEquals(1, data.training("full").size(), "a file of that name goes first");
    }
  }

  @Test
  void paraphrasesAreThePromptsWithParaphrasedAnswers() {
    List<QaExample> examples = Benchmark.open("fable", Optional.empty()).forget("forget05");
    try (TaskData data = open("data.forget=forget05")) {
      List<TokenRow> rows = data.paraphrases();
      assertAligned(data.forget(), rows);
      for (int i = 0; i < rows.size(); i++) {
        assertEquals(
            " " + examples.get(i).paraphrasedAnswer().orElseThrow() + "<|endoftext|>",
            answer(data, rows.get(i)),
            "row " + i);
      }
    }
  }

  @Test
  void aRowWithoutAParaphraseIsNamed() throws IOException {
    String bare = "{\"question\": \"%s\", \"answer\": \"a\"}\n";
    String full = "{\"question\": \"%s\", \"answer\": \"a\", \"paraphrased_answer\": \"p\"}\n";
    String rows = bare.formatted("q1") + bare.formatted("q2") + bare.formatted("q3");
    Path perturbed = folder.resolve("private_perturbed.jsonl");
    Files.writeString(perturbed, full.formatted("q3") + full.formatted("q1"));
    try (TaskData data = own(rows)) {
      UserException e = assertThrows(UserException.class, data::paraphrases);
      assertEquals(
          "unlearn.clreg.view: found paraphrase, but "
              + folder.resolve("private.jsonl")
              + ", line 2 has no paraphrased answer, expected paraphrased_answer there or beside the"
              + " same question and answer in the split's _perturbed file (mask and dropout need"
              + " none).",
          e.getMessage());
    }
    Files.writeString(
        perturbed, full.formatted("q3") + full.formatted("q1") + full.formatted("q2"));
    try (TaskData data = own(rows)) {
      assertAligned(data.forget(), data.paraphrases());
      assertTrue(data.provenance().containsKey("private_perturbed.jsonl"));
    }
  }
}
