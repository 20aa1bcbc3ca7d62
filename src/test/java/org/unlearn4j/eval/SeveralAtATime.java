package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/** Several batches at a time give what one at a time gives, to the last bit, on either runtime. */
public final class SeveralAtATime {
  /** So small that there are a dozen batches. */
  public static final int BUDGET = 24;

  private SeveralAtATime() {}

  /** Forty rows of different lengths. */
  public static List<TokenRow> rows(int vocabulary) {
    Random random = new Random(3);
    List<TokenRow> rows = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      int[] prompt = random.ints(1 + i % 5, 0, vocabulary).toArray();
      rows.add(TokenRow.answered(prompt, random.ints(1 + i % 4, 0, vocabulary).toArray()));
    }
    return rows;
  }

  /** Everything that evaluation asks is the same of a model in one lane and in three. */
  public static void assertSame(LanguageModel one, LanguageModel several) {
    assertEquals(1, one.lanes());
    assertEquals(3, several.lanes());
    List<TokenRow> rows = rows(one.shape().vocabSize());
    Scorer due = new Scorer(one, BUDGET, Progress.NONE);
    Scorer found = new Scorer(several, BUDGET, Progress.NONE);
    assertSame(due.score(rows), found.score(rows));
    List<int[]> prompts = rows.stream().map(TokenRow::ids).toList();
    List<int[]> said = due.generate(prompts, 4, Set.of());
    List<int[]> saidBySeveral = found.generate(prompts, 4, Set.of());
    List<float[]> next = due.next(prompts, prompts);
    List<float[]> nextBySeveral = found.next(prompts, prompts);
    for (int i = 0; i < prompts.size(); i++) {
      assertArrayEquals(said.get(i), saidBySeveral.get(i), "continuation " + i);
      assertArrayEquals(next.get(i), nextBySeveral.get(i), "next of " + i);
    }
    assertEquals(due.tokens(), found.tokens());
    FeatureMap features = FeatureMap.measure(one, rows, BUDGET, Progress.NONE);
    FeatureMap featuresOfSeveral = FeatureMap.measure(several, rows, BUDGET, Progress.NONE);
    for (String layer : features.layers()) {
      for (int r = 0; r < rows.size(); r++) {
        assertArrayEquals(
            features.layer(layer)[r], featuresOfSeveral.layer(layer)[r], layer + " of row " + r);
      }
    }
  }

  /** Scores are the same, and numbers. */
  public static void assertSame(Map<TokenRow, TokenScores> due, Map<TokenRow, TokenScores> found) {
    assertEquals(due.keySet(), found.keySet());
    due.forEach(
        (row, scores) -> {
          String what = Arrays.toString(row.ids());
          assertFalse(Float.isNaN(scores.logProbs()[0]), what);
          assertArrayEquals(scores.logProbs(), found.get(row).logProbs(), what);
          assertArrayEquals(scores.argmax(), found.get(row).argmax(), what);
          assertArrayEquals(scores.meanLogProb(), found.get(row).meanLogProb(), what);
          assertArrayEquals(scores.varLogProb(), found.get(row).varLogProb(), what);
        });
  }
}
