package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.lm.TokenRow;

class FluencyTest {
  private static final int[] LOOP = {1, 2, 1, 2, 1, 2, 1, 2};
  private static final int[] PLAIN = {1, 2, 3, 4, 5};

  @Test
  void distinctCountsOverAllGenerationsTogether() {
    assertEquals(2.0 / 8, Fluency.distinct(List.of(LOOP), 1));
    assertEquals(2.0 / 7, Fluency.distinct(List.of(LOOP), 2), "12 and 21");
    // tokens 1 to 5 of 13; the pairs 12, 21, 23, 34, 45 of 7 + 4
    assertEquals(5.0 / 13, Fluency.distinct(List.of(LOOP, PLAIN), 1));
    assertEquals(5.0 / 11, Fluency.distinct(List.of(LOOP, PLAIN), 2));
    assertTrue(Double.isNaN(Fluency.distinct(List.of(new int[] {1}), 2)));
  }

  @Test
  void repetitionIsTheShareOfGramsSaidBefore() {
    // 1212, 2121, 1212, 2121, 1212: 2 of 5 are new
    assertEquals(1 - 2.0 / 5, Fluency.repetition(LOOP, 4), 1e-15);
    assertEquals(0, Fluency.repetition(PLAIN, 4));
    assertEquals(0, Fluency.repetition(new int[] {1, 1, 1}, 4), "too short to repeat four");
  }

  @Test
  void perplexity() {
    assertEquals(Math.exp(2), Fluency.perplexity(6, 3), 1e-12);
    assertTrue(Double.isNaN(Fluency.perplexity(0, 0)));
  }

  /** After 1 comes 2, after 2 comes 3, after 3 the end: the model always says "2 3". */
  @Test
  void theSuiteJudgesByTheModelBefore() {
    double[][] chain = {{1, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}};
    double[][] judge = {
      {0.25, 0.25, 0.25, 0.25}, {0.2, 0.2, 0.5, 0.1}, {0.1, 0.3, 0.4, 0.2}, {0.7, 0.1, 0.1, 0.1}
    };
    EvalItem item =
        new EvalItem(
            0,
            "q",
            "a",
            TokenRow.answered(new int[] {1}, 2, 0),
            Optional.empty(),
            List.of(),
            new int[] {1});
    TofuSuite suite =
        new TofuSuite(
            List.of(new EvalSet("forget", EvalSet.Role.FORGET, List.of(item))),
            new TofuSuite.Settings("tofu", 64, 8, Set.of(0)),
            ids -> "");
    Subject subject = Subject.of("u", new BigramModel("tf", chain), Progress.NONE);
    EvaluationResult alone = suite.evaluate(subject, Set.of());
    assertTrue(alone.metric("fluency_perplexity").isEmpty(), "nobody to judge");
    EvaluationResult judged =
        suite.evaluate(subject.withJudge(Optional.of(new BigramModel("tf", judge))), Set.of());
    // p(2 | 1) p(3 | 2) = 0.5 * 0.2 over two tokens
    Near.absolute(
        Math.sqrt(1 / 0.1), judged.metric("fluency_perplexity").orElseThrow(), 1e-6, "perplexity");
    assertEquals(1, judged.metric("fluency_distinct_1").orElseThrow());
    assertEquals(0, judged.metric("fluency_repetition").orElseThrow());
  }
}
