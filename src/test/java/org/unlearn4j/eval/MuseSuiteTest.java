package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;

/** MUSE over a model whose every answer can be worked out by hand. */
class MuseSuiteTest {
  private static final String[] WORDS = {"", "the", "sea", "rose", "high", "Question", "\n\n"};

  /** Most probable next: the -> sea -> rose -> high -> end; 5 -> 6 -> the. */
  private static final double[][] TABLE = {
    {0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1},
    {0.05, 0.05, 0.7, 0.05, 0.05, 0.05, 0.05},
    {0.05, 0.05, 0.05, 0.6, 0.15, 0.05, 0.05},
    {0.05, 0.05, 0.05, 0.1, 0.65, 0.05, 0.05},
    {0.5, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05},
    {0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.88},
    {0.02, 0.88, 0.02, 0.02, 0.02, 0.02, 0.02},
  };

  private static EvalItem item(int index, String answer, TokenRow row, int... prompt) {
    return new EvalItem(index, "q" + index, answer, row, Optional.empty(), List.of(), prompt);
  }

  private static EvalItem text(int index, int... ids) {
    String text = Arrays.stream(ids).mapToObj(i -> WORDS[i]).collect(Collectors.joining(" "));
    TokenRow row = TokenRow.answered(new int[] {ids[0]}, Arrays.copyOfRange(ids, 1, ids.length));
    return item(index, text, row);
  }

  private static MuseSuite.Parts parts() {
    return new MuseSuite.Parts(
        List.of(
            item(0, "rose high", TokenRow.answered(new int[] {1, 2}, 3, 4), 1, 2),
            item(1, "sea high high", TokenRow.answered(new int[] {1}, 2, 4, 4), 1)),
        List.of(item(0, "high sea", TokenRow.answered(new int[] {3}, 4, 2), 3)),
        List.of(
            item(0, "the sea", TokenRow.answered(new int[] {5}, 1), 5),
            item(1, "rose", TokenRow.answered(new int[] {2}, 3), 2)),
        List.of(text(0, 1, 2, 3, 4), text(1, 1, 2, 3)),
        List.of(),
        List.of(text(0, 1, 4, 2, 1), text(1, 3, 2, 4)));
  }

  private static MuseSuite suite(MuseSuite.Parts parts) {
    return new MuseSuite(
        parts,
        new MuseSuite.Settings(64, 3, 8, Set.of(0)),
        ids -> Arrays.stream(ids).mapToObj(i -> WORDS[i]).collect(Collectors.joining(" ")));
  }

  private static Subject subject(BigramModel model) {
    return Subject.of("m", model, Progress.NONE);
  }

  @Test
  void everyMetricByHand() {
    BigramModel model = new BigramModel("tf", TABLE);
    EvaluationResult result = suite(parts()).evaluate(subject(model), Set.of());
    assertEquals("muse", result.suite());
    // "rose high" comes out whole; "sea rose high" against "sea high high" shares 2 of 3 words
    assertEquals("sea rose high", result.rows("verbmem").get(1).generation());
    metric((1 + 2.0 / 3) / 2, result, "verbmem");
    // rows: rose, high right; sea right, high wrong, high wrong (its best next is the end)
    metric((1 + 1.0 / 3) / 2, result, "extraction_strength");
    metric((1 + 1.0 / 3) / 2, result, "exact_memorization");
    metric((Math.sqrt(0.6 * 0.65) + Math.cbrt(0.7 * 0.15 * 0.1)) / 2, result, "verbmem_prob");
    // after "rose" comes "high": 1 of the 2 words of "high sea"
    metric(0.5, result, "knowmem_forget");
    // after "Question" comes a blank line, and nothing counts after that; "rose high" holds "rose"
    assertEquals("", result.rows("knowmem_retain").get(0).generation().strip());
    metric(0.5, result, "knowmem_retain");
    metric(0.5, result, "model_utility");
    double first = Math.cbrt(0.7 * 0.6 * 0.65);
    metric((first + Math.sqrt(0.7 * 0.6)) / 2, result, "forget_prob");
    metric(1, result, "mia_loss_auc");
    assertTrue(result.metric("privleak").isEmpty());
    assertTrue(result.metric("holdout_prob").isEmpty() && result.metric("retain_prob").isEmpty());
    for (Map.Entry<String, Double> metric : result.metrics().entrySet()) {
      assertTrue(MetricInfo.of(metric.getKey()).isPresent(), metric.getKey());
    }
  }

  @Test
  void aTextInTwoSetsIsScoredOnceAndQuestionsNever() {
    MuseSuite.Parts p = parts();
    BigramModel model = new BigramModel("tf", TABLE);
    suite(
            new MuseSuite.Parts(
                p.verbatim(), p.knowForget(), p.knowRetain(), p.forget(), p.forget(), p.holdout()))
        .evaluate(subject(model), Set.of());
    assertEquals(6, model.scoredBatches.stream().mapToInt(List::size).sum());
  }

  @Test
  void privleakIsMeasuredAgainstTheYardstick() {
    EvaluationResult retain =
        suite(parts()).evaluate(subject(new BigramModel("tf", BigramModel.random(7, 2))), Set.of());
    double theirs = retain.metric("mia_min_k_40_auc").orElseThrow();
    assertTrue(theirs < 1, "a model that never saw them tells less");
    EvaluationResult result =
        suite(parts())
            .evaluate(
                subject(new BigramModel("tf", TABLE)).withRetainOnly(Optional.of(retain)),
                Set.of("privleak"));
    double ours = result.metric("mia_min_k_40_auc").orElseThrow();
    metric(Membership.privLeak(ours, theirs), result, "privleak");
    assertTrue(result.metric("privleak").orElseThrow() < 0, "under-unlearned is negative");
  }

  @Test
  void answersEndWhereSomethingElseBegins() {
    assertEquals("In 1472", MuseSuite.answer("In 1472\n\nQuestion: and?"));
    assertEquals("In 1472\n", MuseSuite.answer("In 1472\nQuestion: and?"));
    assertEquals("In 1472\nor so", MuseSuite.answer("In 1472\nor so"));
    assertEquals("", MuseSuite.answer("\n \nIn 1472"));
  }

  @Test
  void partsMayBeMissingButNotAll() {
    MuseSuite.Parts some =
        new MuseSuite.Parts(
            List.of(), parts().knowForget(), parts().knowRetain(), List.of(), List.of(), List.of());
    EvaluationResult result = suite(some).evaluate(subject(new BigramModel("tf", TABLE)), Set.of());
    assertEquals(
        Set.of("knowmem_forget", "knowmem_retain", "model_utility"), result.metrics().keySet());
    assertEquals(1, suite(some).rows(EvalSet.Role.FORGET).size());
    MuseSuite.Parts none =
        new MuseSuite.Parts(
            List.of(), List.of(), parts().knowRetain(), List.of(), List.of(), List.of());
    assertThrows(UserException.class, () -> suite(none));
    MuseSuite.Parts empty =
        new MuseSuite.Parts(
            List.of(item(4, "", TokenRow.unlabelled(1, 2), 1)),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of());
    UserException e = assertThrows(UserException.class, () -> suite(empty));
    assertTrue(e.getMessage().contains("verbmem, row 4"), e.getMessage());
  }

  // float32 logits: seven digits
  private static void metric(double expected, EvaluationResult result, String name) {
    Near.absolute(expected, result.metric(name).orElseThrow(), 1e-6, name);
  }
}
