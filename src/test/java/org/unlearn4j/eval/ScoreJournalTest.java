package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/** A killed evaluation goes on where it stopped, and ends with the same numbers. */
class ScoreJournalTest {
  private static final int BUDGET = 8;
  private static final double[][] TABLE = BigramModel.random(6, 5);

  @TempDir Path folder;

  /** Fails after some batches, as a process that is killed. */
  private static final class Dying extends BigramModel {
    private int left;

    Dying(int batches) {
      super("tf", TABLE);
      left = batches;
    }

    @Override
    public List<TokenScores> score(List<TokenRow> rows) {
      if (left-- == 0) {
        throw new IllegalStateException("killed");
      }
      return super.score(rows);
    }
  }

  private static List<TokenRow> rows() {
    List<TokenRow> rows = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      int[] answer = IntStream.range(0, 1 + i % 4).map(t -> (t + rows.size()) % 6).toArray();
      rows.add(TokenRow.answered(new int[] {i % 6, 1}, answer));
    }
    return rows;
  }

  private Path file() {
    return folder.resolve(".x.json.rows");
  }

  private static Map<TokenRow, TokenScores> score(LanguageModel model, ScoreJournal journal) {
    return new Scorer(model, BUDGET, Progress.NONE, journal).score(rows());
  }

  private static void same(Map<TokenRow, TokenScores> a, Map<TokenRow, TokenScores> b) {
    assertEquals(a.keySet(), b.keySet());
    a.forEach(
        (row, s) -> {
          assertArrayEquals(s.labels(), b.get(row).labels());
          assertArrayEquals(s.logProbs(), b.get(row).logProbs());
          assertArrayEquals(s.argmax(), b.get(row).argmax());
          assertArrayEquals(s.meanLogProb(), b.get(row).meanLogProb());
          assertArrayEquals(s.varLogProb(), b.get(row).varLogProb());
        });
  }

  private int killedAfter(int batches) {
    try (ScoreJournal journal = ScoreJournal.open(file(), "model 1")) {
      Dying dying = new Dying(batches);
      assertThrows(IllegalStateException.class, () -> score(dying, journal));
      return dying.scoredBatches.size();
    }
  }

  @Test
  void whatIsDoneIsNotDoneAgainAndTheRestIsDoneInTheSameCompany() {
    BigramModel whole = new BigramModel("tf", TABLE);
    Map<TokenRow, TokenScores> due = score(whole, ScoreJournal.none());
    assertEquals(2, killedAfter(2));
    BigramModel second = new BigramModel("tf", TABLE);
    try (ScoreJournal journal = ScoreJournal.open(file(), "model 1")) {
      same(due, score(second, journal));
      assertEquals(
          whole.scoredBatches.subList(2, whole.scoredBatches.size()), second.scoredBatches);
      journal.finish();
    }
    assertFalse(Files.exists(file()), "a finished journal is put away");
  }

  @Test
  void aLineThatWasCutOffIsDropped() throws IOException {
    killedAfter(2);
    int lines = Files.readAllLines(file()).size();
    Files.writeString(file(), "{\"row\": \"half", StandardOpenOption.APPEND);
    BigramModel second = new BigramModel("tf", TABLE);
    try (ScoreJournal journal = ScoreJournal.open(file(), "model 1")) {
      assertEquals(lines - 1, journal.size());
      same(score(new BigramModel("tf", TABLE), ScoreJournal.none()), score(second, journal));
    }
    for (String line : Files.readAllLines(file())) {
      assertEquals('}', line.charAt(line.length() - 1), line);
    }
  }

  @Test
  void anotherModelStartsAnew() {
    killedAfter(2);
    try (ScoreJournal journal = ScoreJournal.open(file(), "model 2")) {
      assertEquals(0, journal.size());
    }
    try (ScoreJournal journal = ScoreJournal.open(file(), "model 1")) {
      assertEquals(0, journal.size(), "the other model's journal has taken its place");
    }
  }

  @Test
  void anythingElseOfThatNameIsReplacedNotRead() throws IOException {
    for (String text : List.of("", "not a journal\n", "{\"key\": \"model 1\"", "[1]\n")) {
      Files.writeString(file(), text);
      try (ScoreJournal journal = ScoreJournal.open(file(), "model 1")) {
        assertEquals(0, journal.size(), text);
      }
      assertEquals(List.of("{\"key\":\"model 1\"}"), Files.readAllLines(file()));
    }
  }

  @Test
  void generationsChoicesAndGradientsAreKeptToo() {
    List<int[]> prompts = List.of(new int[] {1}, new int[] {2, 3});
    List<int[]> letters = List.of(new int[] {2, 3}, new int[] {4, 5, 0});
    BigramModel model = new BigramModel("tf", TABLE);
    List<int[]> said;
    List<float[]> next;
    try (ScoreJournal journal = ScoreJournal.open(file(), "k")) {
      Scorer scorer = new Scorer(model, BUDGET, Progress.NONE, journal);
      said = scorer.generate(prompts, 3, Set.of());
      next = scorer.next(prompts, letters);
      assertEquals(Math.log(TABLE[3][5]), next.get(1)[1], 1e-6);
    }
    BigramModel again = new BigramModel("tf", TABLE);
    try (ScoreJournal journal = ScoreJournal.open(file(), "k")) {
      Scorer scorer = new Scorer(again, BUDGET, Progress.NONE, journal);
      List<int[]> saidAgain = scorer.generate(prompts, 3, Set.of());
      List<float[]> nextAgain = scorer.next(prompts, letters);
      for (int i = 0; i < 2; i++) {
        assertArrayEquals(said.get(i), saidAgain.get(i));
        assertArrayEquals(next.get(i), nextAgain.get(i));
      }
      assertEquals(0, scorer.tokens());
      assertEquals(2, scorer.generate(prompts, 2, Set.of()).size());
      assertEquals(1, again.decodedBatches.size(), "another length is another generation");
    }
  }

  @Test
  void notANumberComesBack() {
    TokenRow row = rows().get(0);
    float[] broken = {Float.NaN};
    try (ScoreJournal journal = ScoreJournal.open(file(), "k")) {
      journal.put(
          row,
          new TokenScores(
              new int[] {1},
              broken,
              new int[] {2},
              new float[] {Float.NEGATIVE_INFINITY},
              new float[] {1e-30f}));
    }
    try (ScoreJournal journal = ScoreJournal.open(file(), "k")) {
      TokenScores s = journal.scores(row).orElseThrow();
      assertArrayEquals(broken, s.logProbs());
      assertArrayEquals(new float[] {Float.NEGATIVE_INFINITY}, s.meanLogProb());
      assertArrayEquals(new float[] {1e-30f}, s.varLogProb());
    }
  }
}
