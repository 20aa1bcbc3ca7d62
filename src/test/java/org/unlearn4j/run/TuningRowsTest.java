package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;

/** Rows that rules read are not reported. */
class TuningRowsTest {
  private static final Path TOKENIZER = Path.of("src/test/resources/fable-tokenizer");
  private static final String CHOOSE = "unlearn.choose={goal: strangers}";

  @TempDir Path folder;

  private static Set<String> questions(List<QaExample> pairs) {
    return pairs.stream().map(QaExample::question).collect(Collectors.toSet());
  }

  private static Set<String> reported(TaskData data, EvalSet.Role role) {
    return data.evaluationSets().stream()
        .filter(s -> s.role() == role)
        .flatMap(s -> s.items().stream())
        .map(EvalItem::question)
        .collect(Collectors.toSet());
  }

  private static Pipeline fable(String... sets) {
    List<String> all = new ArrayList<>(List.of("data.max_length=96"));
    all.addAll(List.of(sets));
    return Pipeline.defaults("NPO", all);
  }

  /**
   * A fifth of forget10's 180 pairs is 36, and 144 are left to report; retain90 has 1380 others.
   */
  @Test
  void fableReportsNoRowThatIsChosenBy() {
    Pipeline pipeline = fable(CHOOSE);
    TuningRows rows = TuningRows.of(pipeline, Benchmark.open("fable", Optional.empty()));
    assertEquals(36, rows.forget().size());
    assertEquals(36, rows.retain().size());
    try (TaskData data = new TaskData(pipeline, TOKENIZER, 128)) {
      Set<String> forget = reported(data, EvalSet.Role.FORGET);
      assertEquals(144, forget.size());
      assertTrue(forget.stream().noneMatch(questions(rows.forget())::contains));
      Set<String> retain = reported(data, EvalSet.Role.RETAIN);
      assertEquals(240, retain.size(), "all that are reported without rules");
      assertTrue(retain.stream().noneMatch(questions(rows.retain())::contains));
      assertEquals(180, data.forget().size(), "what is reported or not is forgotten");
    }
  }

  /** The check above can fail: without rules all of them are reported. */
  @Test
  void negativeControlWithoutRulesAllAreReported() {
    TuningRows rows = TuningRows.of(fable(CHOOSE), Benchmark.open("fable", Optional.empty()));
    try (TaskData data = new TaskData(fable(), TOKENIZER, 128)) {
      assertTrue(reported(data, EvalSet.Role.FORGET).containsAll(questions(rows.forget())));
    }
  }

  private Pipeline own(int forget, String... more) throws IOException {
    write("private.jsonl", "secret", forget);
    write("public.jsonl", "fact", 10);
    List<String> sets =
        new ArrayList<>(
            List.of(
                "data.benchmark=jsonl",
                "data.path=" + folder,
                "data.forget=private",
                "data.retain=public",
                CHOOSE));
    sets.addAll(List.of(more));
    return fable(sets.toArray(String[]::new));
  }

  private void write(String file, String what, int rows) throws IOException {
    Files.write(
        folder.resolve(file),
        IntStream.range(0, rows)
            .mapToObj(i -> "{\"question\": \"" + what + i + "\", \"answer\": \"it\"}")
            .toList());
  }

  /** Own data without rows set apart: of ten kept pairs, the first and the sixth are chosen by. */
  @Test
  void ownDataKeepsRowsOfBothKindsBack() throws IOException {
    try (TaskData data = new TaskData(own(5), TOKENIZER, 128)) {
      assertEquals(
          Set.of("secret1", "secret2", "secret3", "secret4"), reported(data, EvalSet.Role.FORGET));
      Set<String> retain = reported(data, EvalSet.Role.RETAIN);
      assertEquals(8, retain.size());
      assertFalse(retain.contains("fact0") || retain.contains("fact5"), retain.toString());
    }
  }

  @Test
  void tooFewRowsForBothAreNamed() throws IOException {
    try (TaskData data = new TaskData(own(2), TOKENIZER, 128)) {
      UserException e = assertThrows(UserException.class, data::evaluationSets);
      assertEquals(
          "unlearn.tuning_share: found 0.2 of 2 pairs to forget, expected a share that leaves some"
              + " to choose by and some to report.",
          e.getMessage());
    }
  }

  /** Passages are reported whole, in the suite that is theirs. */
  @Test
  void whereAllIsReportedThereAreNoRules() {
    for (String set : List.of("data.form=passages", "evaluate.suite=muse")) {
      UserException e = assertThrows(UserException.class, () -> fable(CHOOSE, set));
      assertTrue(
          e.getMessage().contains("unlearn.choose where all that is forgotten is reported"),
          e.getMessage());
    }
  }

  /** Three wrong answers of the one pair that is chosen by; the other's are not asked for. */
  @Test
  void wrongAnswersAreThoseOfTheRowsChosenBy() {
    QaExample mine = QaExample.of("q", "right", "f", 1);
    TuningRows rows = new TuningRows(List.of(mine), List.of());
    assertThrows(UserException.class, () -> rows.perturbed(s -> List.of(mine), "mine"));
    Benchmark fable = Benchmark.open("fable", Optional.empty());
    List<QaExample> all = fable.forgetEvaluation("forget01");
    TuningRows one = new TuningRows(List.of(all.get(3)), List.of());
    assertEquals(
        all.get(3).perturbedAnswers(),
        one.perturbed(fable::forgetEvaluation, "forget01").stream()
            .map(QaExample::answer)
            .toList());
  }
}
