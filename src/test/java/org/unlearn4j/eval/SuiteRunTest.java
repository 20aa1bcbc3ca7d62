package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.unlearn4j.eval.TofuExample.CITY;
import static org.unlearn4j.eval.TofuExample.END;
import static org.unlearn4j.eval.TofuExample.PARIS;
import static org.unlearn4j.eval.TofuExample.ROME;
import static org.unlearn4j.eval.TofuExample.TABLE;
import static org.unlearn4j.eval.TofuExample.WHERE;
import static org.unlearn4j.eval.TofuExample.row;
import static org.unlearn4j.eval.TofuExample.sets;
import static org.unlearn4j.eval.TofuExample.suite;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.lm.RowGradients;
import org.unlearn4j.lm.TokenRow;

/** How a suite asks a model: once, in order of length, and telling how far it is. */
class SuiteRunTest {
  @Test
  void everyRowIsScoredOnceAndInOrderOfLength() {
    BigramModel model = new BigramModel("tf", TABLE);
    List<Integer> reported = new ArrayList<>();
    new TofuSuite(sets(), new TofuSuite.Settings("tofu", 7, 3, Set.of(END)), TofuExample::decode)
        .evaluate("m", model, Optional.empty(), Set.of(), (stage, done, all) -> reported.add(done));
    // 4 questions with 4, 4, 4 and 3 rows are 4 different rows: paris, city paris, rome, athens
    assertEquals(List.of(List.of(3, 3), List.of(3), List.of(4)), model.scoredBatches);
    assertEquals(List.of(List.of(1)), model.decodedBatches, "equal prompts are decoded once");
    assertEquals(List.of(2, 3, 4, 1), reported);
  }

  /** A rate of rows a second is right only if its clock starts before the first batch. */
  @Test
  void everyStageIsAnnouncedBeforeItsFirstBatch() {
    List<String> told = new ArrayList<>();
    Progress progress =
        new Progress() {
          @Override
          public void begin(String stage, int done, int total) {
            told.add(stage + " of " + total);
          }

          @Override
          public void update(String stage, int done, int total) {
            told.add(stage + " " + done);
          }
        };
    BigramModel model = new BigramModel("tf", TABLE);
    suite(sets())
        .evaluate(
            Subject.of("m", model, progress).withJudge(Optional.of(new BigramModel("tf", TABLE))),
            Set.of());
    FeatureMap.measure(model, List.of(row(PARIS), row(ROME)), 64, progress);
    FeatureMap.measure(model, List.of(row(PARIS)), 64, progress);
    assertEquals(
        List.of(
            "score of 4",
            "score 4",
            "generate of 1",
            "generate 1",
            "judge of 1",
            "judge 1",
            "features of 2",
            "features 2",
            "features of 1",
            "features 1"),
        told);
  }

  /** Whatever is asked, in one call or in several: no question goes through the model twice. */
  @Test
  void nothingIsAskedTwice() {
    BigramModel model = new BigramModel("tf", TABLE);
    List<Integer> differentiated = new ArrayList<>();
    RowGradients gradients =
        new RowGradients() {
          @Override
          public double[] norms(List<TokenRow> rows) {
            rows.forEach(row -> differentiated.add(row.length()));
            return rows.stream().mapToDouble(TokenRow::length).toArray();
          }

          @Override
          public void close() {
            // holds nothing
          }
        };
    Scorer scorer = new Scorer(model, 64, Progress.NONE);
    List<int[]> prompts = List.of(new int[] {WHERE}, new int[] {CITY, WHERE}, new int[] {WHERE});
    List<int[]> options = Collections.nCopies(3, new int[] {PARIS, ROME});
    for (int time = 0; time < 2; time++) {
      scorer.score(List.of(row(PARIS), row(ROME), row(PARIS)));
      assertEquals(3, scorer.generate(prompts, 2, Set.of(END)).size());
      List<float[]> next = scorer.next(prompts, options);
      assertEquals(Math.log(TABLE[WHERE][ROME]), next.get(2)[1], 1e-6);
      double[] norms = scorer.gradientNorms(List.of(row(PARIS), row(PARIS)), gradients);
      assertArrayEquals(new double[] {row(PARIS).length(), row(PARIS).length()}, norms, 0);
    }
    // A bigram model has no next() of its own: two options of two prompts are four rows to it.
    assertEquals(2 + 4, model.scoredBatches.stream().mapToInt(List::size).sum());
    assertEquals(2, model.decodedBatches.stream().mapToInt(List::size).sum());
    assertEquals(1, differentiated.size());
    assertEquals(1, scorer.generate(prompts.subList(0, 1), 1, Set.of(END)).get(0).length);
    assertEquals(2, model.decodedBatches.size(), "another length is another generation");
  }

  @Test
  void scorerKeepsTheOrderOfPrompts() {
    BigramModel model = new BigramModel("tf", TABLE);
    Scorer scorer = new Scorer(model, 8, Progress.NONE);
    List<int[]> prompts = List.of(new int[] {CITY, CITY, WHERE}, new int[] {CITY}, new int[] {END});
    List<int[]> decoded = scorer.generate(prompts, 1, Set.of(END));
    assertEquals(PARIS, decoded.get(0)[0]);
    assertEquals(PARIS, decoded.get(1)[0]);
    assertEquals(0, decoded.get(2).length, "a stop token is no part of a continuation");
    scorer.score(List.of(row(PARIS), row(PARIS)));
    scorer.score(List.of(row(PARIS), row(ROME)));
    assertEquals(2, scorer.rowsScored());
    assertEquals(3 + 1 + 1 + 2 + 3 + 3, scorer.tokens());
  }
}
