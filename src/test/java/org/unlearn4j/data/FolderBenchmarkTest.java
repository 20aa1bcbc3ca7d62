package org.unlearn4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;

class FolderBenchmarkTest {
  private static final Path TOFU = Path.of("../shared/data/tofu");

  @TempDir Path folder;

  private Benchmark open(String name) {
    return Benchmark.open(name, Optional.of(folder));
  }

  /** Rows f0, f1, ... with so many perturbed answers (and a paraphrase if there are any). */
  private void write(String file, String prefix, int rows, int perturbed) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      text.append("{\"question\": \"").append(prefix).append(i).append("\", \"answer\": \"a\"");
      if (perturbed > 0) {
        List<String> wrong = IntStream.range(0, perturbed).mapToObj(k -> "\"w" + k + "\"").toList();
        text.append(", \"paraphrased_answer\": \"p\", \"perturbed_answer\": ").append(wrong);
      }
      text.append("}\n");
    }
    Files.writeString(folder.resolve(file), text);
  }

  private static List<String> questions(List<QaExample> examples) {
    return examples.stream().map(QaExample::question).toList();
  }

  private static List<String> names(String prefix, int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> prefix + i).toList();
  }

  @Test
  void splitsWithoutAFileFollowFromOthers() throws IOException {
    write("forget10.json", "f", 20, 0);
    write("retain90.json", "r", 3, 0);
    write("forget10_perturbed.json", "f", 20, 5);
    Benchmark tofu = open("tofu");
    assertEquals(names("f", 10, 20), questions(tofu.forget("forget05")));
    assertEquals(names("f", 18, 20), questions(tofu.forget("forget01")));
    assertEquals(names("f", 18, 20), questions(tofu.forgetEvaluation("forget01")));
    assertEquals(List.of("r0", "r1", "r2", "f0"), questions(tofu.retain("retain95")).subList(0, 4));
    assertEquals(3 + 10, tofu.retain("retain95").size());
    assertEquals(3 + 18, tofu.retain("retain99").size());
    assertEquals("f17", tofu.retain("retain99").get(20).question());
    assertEquals(23, tofu.training("full").size());
    assertEquals(tofu.retain("retain99"), tofu.training("retain99"));
    assertEquals(3, tofu.provenance().size());
    assertEquals(5, tofu.forgetEvaluation("forget10").get(0).perturbedAnswers().size());
  }

  @Test
  void aFileOfASplitGoesFirst() throws IOException {
    write("forget10.json", "f", 20, 0);
    write("forget05.jsonl", "own", 2, 0);
    assertEquals(List.of("own0", "own1"), questions(open("tofu").forget("forget05")));
  }

  @Test
  void ownDataNeedsNoEvaluationFiles() throws IOException {
    write("private.jsonl", "f", 4, 0);
    write("public.json", "r", 6, 0);
    Benchmark own = open("jsonl");
    assertEquals(4, own.forget("private").size());
    assertEquals(6, own.retain("public").size());
    assertEquals(own.forget("private"), own.forgetEvaluation("private"));
    assertEquals(List.of(), own.retainEvaluation("retain"));
    assertEquals(List.of(), own.facts());
    assertEquals(List.of(), own.holdout());
    write("retain_perturbed.jsonl", "r", 2, 4);
    assertEquals(4, open("jsonl").retainEvaluation("retain").get(1).perturbedAnswers().size());
    assertMistake(() -> own.forget("forget05"), "neither forget05.json nor forget05.jsonl");
  }

  private static String line(String question, String answer, String more) {
    return "{\"question\": \"" + question + "\", \"answer\": \"" + answer + "\"" + more + "}\n";
  }

  private static String paraphrase(String text) {
    return ", \"paraphrased_answer\": \"" + text + "\"";
  }

  private static List<String> paraphrases(List<QaExample> examples) {
    return examples.stream().map(e -> e.paraphrasedAnswer().orElse("-")).toList();
  }

  @Test
  void paraphrasesAreJoinedByQuestionAndAnswer() throws IOException {
    Files.writeString(
        folder.resolve("private.jsonl"),
        line("q", "a", "") + line("q", "b", "") + line("r", "a", "") + line("s", "a", ""));
    // Another order, a row that is not trained on, a pair twice, and "r" with another answer.
    Files.writeString(
        folder.resolve("private_perturbed.jsonl"),
        line("x", "a", paraphrase("xa"))
            + line("q", "b", paraphrase("qb"))
            + line("r", "other", paraphrase("ro"))
            + line("s", "a", paraphrase("sa"))
            + line("s", "a", paraphrase("late"))
            + line("q", "a", paraphrase("qa")));
    Benchmark own = open("jsonl");
    for (String name : List.of("private", "private.jsonl")) {
      List<QaExample> rows = own.paraphrased(name);
      assertEquals(List.of("qa", "qb", "-", "sa"), paraphrases(rows));
      assertEquals(questions(own.forget(name)), questions(rows));
      assertTrue(rows.get(2).place().endsWith("private.jsonl, line 3"), rows.get(2).place());
    }
    assertEquals(List.of("-", "-", "-", "-"), paraphrases(own.forget("private")));
    assertEquals(2, own.provenance().size(), "the evaluation file was read too");
  }

  @Test
  void paraphrasesInTheRowsThemselvesNeedNoOtherFile() throws IOException {
    Files.writeString(folder.resolve("private.jsonl"), line("q", "a", paraphrase("own")));
    Files.writeString(folder.resolve("private_perturbed.jsonl"), line("q", "a", paraphrase("no")));
    Benchmark own = open("jsonl");
    assertEquals(List.of("own"), paraphrases(own.paraphrased("private")));
    assertEquals(1, own.provenance().size());
  }

  @Test
  void withoutAnEvaluationFileThereAreNoParaphrases() throws IOException {
    write("private.jsonl", "f", 2, 0);
    assertEquals(List.of("-", "-"), paraphrases(open("jsonl").paraphrased("private")));
    write("forget10.json", "f", 20, 0);
    assertEquals(2, open("tofu").paraphrased("forget01").size());
    write("forget10_perturbed.json", "f", 20, 5);
    assertEquals(List.of("p", "p"), paraphrases(open("tofu").paraphrased("forget01")));
  }

  @Test
  void mistakes() throws IOException {
    write("forget10_perturbed.json", "f", 4, 3);
    write("forget10.json", "f", 0, 0);
    assertMistake(
        () -> open("tofu").forgetEvaluation("forget10"),
        "line 1: found perturbed_answer of length 3");
    assertMistake(() -> open("tofu").forget("forget10"), "forget10.json: found no examples");
    assertMistake(
        () -> open("tofu").retain("retain90"), "neither retain90.json nor retain90.jsonl");
    assertMistake(
        () -> open("tofu").retain("forget10"),
        "data.retain: found forget10, expected a retain split");
    assertMistake(
        () -> open("tofu").forget("retain90"),
        "data.forget: found retain90, expected a forget split");
    assertMistake(() -> open("tofu").facts(), "neither world_facts_perturbed.json");
    assertMistake(() -> open("wikipedia"), "data.benchmark: found wikipedia");
    assertMistake(() -> Benchmark.open("tofu", Optional.empty()), "data.path: found nothing");
    assertMistake(
        () -> Benchmark.open("tofu", Optional.of(folder.resolve("no"))), "found no such folder");
    assertMistake(
        () -> Benchmark.open("tofu", Optional.of(folder.resolve("forget10.json"))),
        "forget10.json: found a file");
  }

  private static void assertMistake(Executable action, String part) {
    UserException e = assertThrows(UserException.class, action);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  @Test
  void tofuAsPublished() {
    Assumptions.assumeTrue(Files.isDirectory(TOFU), TOFU + " is not here");
    Benchmark tofu = Benchmark.open("tofu", Optional.of(TOFU));
    List<QaExample> ten = tofu.forget("forget10");
    assertEquals(400, ten.size());
    assertEquals(questions(ten.subList(200, 400)), questions(tofu.forget("forget05")));
    assertEquals(questions(ten.subList(360, 400)), questions(tofu.forget("forget01")));
    assertEquals(3600, tofu.retain("retain90").size());
    assertEquals(3800, tofu.retain("retain95").size());
    assertEquals(3960, tofu.retain("retain99").size());
    assertEquals(4000, tofu.training("full").size());
    assertEquals(questions(ten), questions(tofu.forgetEvaluation("forget10")));
    assertEquals(questions(ten.subList(360, 400)), questions(tofu.forgetEvaluation("forget01")));
    for (String split : List.of("forget01", "forget05", "forget10")) {
      assertEquals(
          paraphrases(tofu.forgetEvaluation(split)), paraphrases(tofu.paraphrased(split)), split);
      assertFalse(paraphrases(tofu.paraphrased(split)).contains("-"), split);
      assertEquals(questions(tofu.forget(split)), questions(tofu.paraphrased(split)), split);
    }
    assertEquals(400, tofu.retainEvaluation("retain90").size());
    assertEquals(100, tofu.neighbours().size());
    assertEquals(117, tofu.facts().size());
    Set<QaExample> all = new HashSet<>(tofu.retain("retain99"));
    assertFalse(
        tofu.forget("forget01").stream().anyMatch(all::contains), "a forgotten pair is retained");
  }
}
