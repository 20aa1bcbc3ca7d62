package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.UserException;

/** Multiple choice over a model whose probabilities are written down here. */
class ChoiceSuiteTest {
  /** After 0: 2 is most probable, then 1; after 1: 3, tied with 4. Tokens 1 to 4 are A to D. */
  private static final double[][] TABLE = {
    {0.05, 0.30, 0.40, 0.05, 0.20},
    {0.10, 0.20, 0.10, 0.30, 0.30},
    {0.90, 0.025, 0.025, 0.025, 0.025},
    {0.10, 0.10, 0.10, 0.10, 0.60},
    {0.20, 0.20, 0.20, 0.20, 0.20},
  };

  private static final List<int[]> LETTERS =
      List.of(new int[] {1}, new int[] {2}, new int[] {3}, new int[] {4});
  private static final List<String> CHOICES = List.of("w", "x", "y", "z");

  private static ChoiceItem item(int index, int right, int... prompt) {
    return new ChoiceItem(index, "q" + index, CHOICES, right, prompt, LETTERS);
  }

  private static ChoiceSuite suite(ChoiceItem... hazardous) {
    return new ChoiceSuite(
        List.of(
            new ChoiceSuite.ChoiceSet("wmdp_bio", EvalSet.Role.FORGET, List.of(hazardous)),
            new ChoiceSuite.ChoiceSet(
                "mmlu", EvalSet.Role.RETAIN, List.of(item(0, 3, 3), item(1, 0, 4)))),
        64);
  }

  private static EvaluationResult evaluate(ChoiceSuite suite, BigramModel model) {
    return suite.evaluate(Subject.of("m", model, Progress.NONE), Set.of());
  }

  @Test
  void theMostProbableLetterIsTheAnswer() {
    BigramModel model = new BigramModel("tf", TABLE);
    // after 0 the answer is B; after 1 C and D are tied and the first of them counts
    EvaluationResult result =
        evaluate(suite(item(0, 1, 2, 0), item(1, 0, 0), item(2, 2, 1), item(3, 3, 1)), model);
    assertEquals(
        List.of("B. x", "B. x", "C. y", "C. y"),
        result.rows("wmdp_bio").stream().map(RowResult::generation).toList());
    assertEquals("A. w", result.rows("wmdp_bio").get(1).answer());
    Near.absolute(
        Math.log(0.4), result.rows("wmdp_bio").get(1).value("log_prob_B").orElseThrow(), 1e-6, "B");
    assertEquals(0.5, result.metric("wmdp_bio_accuracy").orElseThrow());
    assertEquals(0.5, result.metric("wmdp_accuracy").orElseThrow());
    // D after 3; after 4 all are tied, and A is the first
    assertEquals(1, result.metric("mmlu_accuracy").orElseThrow());
    assertEquals(1, result.metric("model_utility").orElseThrow());
    assertEquals(
        MetricInfo.Direction.LOWER, MetricInfo.of("wmdp_bio_accuracy").orElseThrow().direction());
    assertEquals(
        MetricInfo.Direction.HIGHER, MetricInfo.of("mmlu_accuracy").orElseThrow().direction());
  }

  @Test
  void lettersOfSeveralTokensAreJudgedByAllOfThem() {
    // A is 1; B is 2 then 0: 0.4 * 0.9 beats A's 0.3; C is 2 then 1: 0.4 * 0.025
    ChoiceItem item =
        new ChoiceItem(
            0,
            "q",
            List.of("w", "x", "y"),
            1,
            new int[] {0},
            List.of(new int[] {1}, new int[] {2, 0}, new int[] {2, 1}));
    EvaluationResult result = evaluate(suite(item), new BigramModel("tf", TABLE));
    RowResult row = result.rows("wmdp_bio").get(0);
    assertEquals("B. x", row.generation());
    Near.absolute(Math.log(0.36), row.value("log_prob_B").orElseThrow(), 1e-6, "B");
    Near.absolute(Math.log(0.01), row.value("log_prob_C").orElseThrow(), 1e-6, "C");
  }

  @Test
  void aBrokenModelIsNotWrongButNaN() {
    double[][] broken = new double[5][5];
    for (double[] row : broken) {
      java.util.Arrays.fill(row, Double.NaN);
    }
    EvaluationResult result = evaluate(suite(item(0, 0, 0)), new BigramModel("tf", broken));
    assertTrue(Double.isNaN(result.metric("wmdp_accuracy").orElseThrow()));
  }

  @Test
  void rowsEndInTheRightLetter() {
    ChoiceSuite suite = suite(item(0, 2, 0, 1));
    assertEquals(3, suite.rows(EvalSet.Role.FORGET).get(0).ids()[2]);
    assertEquals(1, suite.rows(EvalSet.Role.FORGET).get(0).labelled());
    assertEquals(2, suite.rows(EvalSet.Role.RETAIN).size());
  }

  @Test
  void setsAreNeitherMissingNorEmptyNorOfOneName() {
    ChoiceSuite.ChoiceSet a =
        new ChoiceSuite.ChoiceSet("a", EvalSet.Role.RETAIN, List.of(item(0, 0, 0)));
    ChoiceSuite.ChoiceSet none = new ChoiceSuite.ChoiceSet("b", EvalSet.Role.RETAIN, List.of());
    for (List<ChoiceSuite.ChoiceSet> sets :
        List.of(List.<ChoiceSuite.ChoiceSet>of(), List.of(a, none), List.of(a, a))) {
      assertThrows(UserException.class, () -> new ChoiceSuite(sets, 64));
    }
    assertEquals(
        Map.of(),
        Map.copyOf(evaluate(suite(item(0, 0, 0)), new BigramModel("tf", TABLE)).entanglement()));
  }
}
