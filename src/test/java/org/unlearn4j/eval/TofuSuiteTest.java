package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.eval.TofuExample.ATHENS;
import static org.unlearn4j.eval.TofuExample.END;
import static org.unlearn4j.eval.TofuExample.PARIS;
import static org.unlearn4j.eval.TofuExample.TABLE;
import static org.unlearn4j.eval.TofuExample.WHERE;
import static org.unlearn4j.eval.TofuExample.WORDS;
import static org.unlearn4j.eval.TofuExample.item;
import static org.unlearn4j.eval.TofuExample.row;
import static org.unlearn4j.eval.TofuExample.sets;
import static org.unlearn4j.eval.TofuExample.suite;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;

/**
 * The suite over a model whose probabilities are written down here, so that every expected number
 * is worked out by hand.
 */
class TofuSuiteTest {
  private static EvaluationResult evaluate(double[][] table, Optional<EvaluationResult> retain) {
    return suite(sets())
        .evaluate("unlearned", new BigramModel("tf", table), retain, Set.of(), Progress.NONE);
  }

  // Per token: paris then end 0.5 * 0.8 = 0.4; rome 0.2 * 0.5 = 0.1; athens 0.2 * 0.4 = 0.08;
  // the paraphrase "city paris" 0.02 * 0.9 * 0.8 = 0.0144 over three tokens.
  private static final double P_PARIS = Math.sqrt(0.4);
  private static final double P_ROME = Math.sqrt(0.1);
  private static final double P_ATHENS = Math.sqrt(0.08);
  private static final double P_PARAPHRASE = Math.cbrt(0.0144);
  private static final double WRONG = Math.sqrt(P_ROME * P_ATHENS);
  private static final double WRONG_ARITHMETIC = (P_ROME + P_ATHENS) / 2;

  /**
   * Losses of the forget rows: paris 0.46, rome 1.15; of rows never seen: athens 1.26, and paris
   * again. Of the four pairs two have the higher loss on the unseen side and one is a tie: 2.5 / 4.
   */
  @Test
  void lossAttackOnRowsNeverSeen() {
    List<EvalSet> sets = new ArrayList<>(sets());
    List<EvalItem> unseen = List.of(bare(0, ATHENS), bare(1, PARIS));
    sets.add(new EvalSet("holdout", EvalSet.Role.HOLDOUT, unseen));
    BigramModel model = new BigramModel("tf", TABLE);
    EvaluationResult result =
        suite(sets).evaluate("target", model, Optional.empty(), Set.of(), Progress.NONE);
    assertEquals(0.625, result.metric("mia_loss_auc").orElseThrow(), 1e-12);
    assertTrue(result.metric("mia_loss_auc_relative").isEmpty(), "relative to what?");
    assertEquals(2, result.rows("holdout").size());
    value(P_ATHENS, result.rows("holdout").get(0), "prob");
    assertFalse(result.rows("holdout").get(0).generated());
    assertTrue(result.metrics().keySet().stream().noneMatch(m -> m.startsWith("holdout")));
    EvaluationResult without = evaluate(TABLE, Optional.empty());
    assertEquals(
        without.metric("model_utility"), result.metric("model_utility"), "no part of utility");
    double[][] swapped = TABLE.clone();
    swapped[WHERE] = new double[] {0.05, 0.03, 0.20, 0.20, 0.50, 0.02}; // athens is known best
    EvaluationResult reference =
        suite(sets)
            .evaluate(
                "retain",
                new BigramModel("tf", swapped),
                Optional.empty(),
                Set.of(),
                Progress.NONE);
    // paris 0.2 * 0.8 = 0.16, rome 0.1, athens 0.5 * 0.4 = 0.2: athens below both, paris below rome
    assertEquals(0.125, reference.metric("mia_loss_auc").orElseThrow(), 1e-12);
    EvaluationResult relative =
        suite(sets).evaluate("unlearned", model, Optional.of(reference), Set.of(), Progress.NONE);
    assertEquals(
        (0.625 - 0.125) / 0.125,
        relative.metric("mia_loss_auc_relative").orElseThrow(),
        1e-8,
        "the guard against 0 is 1e-10");
  }

  private static EvalItem bare(int index, int answer) {
    return new EvalItem(
        index,
        "where?",
        WORDS[answer],
        row(answer),
        Optional.empty(),
        List.of(),
        new int[] {WHERE});
  }

  @Test
  void whatIsNotGeneratedIsNotMeasured() {
    TofuSuite.Settings settings =
        new TofuSuite.Settings("tofu", 64, 8, Set.of(END), Set.of(EvalSet.Role.RETAIN), List.of());
    EvaluationResult result =
        new TofuSuite(sets(), settings, TofuExample::decode)
            .evaluate("x", new BigramModel("tf", TABLE), Optional.empty(), Set.of(), Progress.NONE);
    EvaluationResult all = evaluate(TABLE, Optional.empty());
    assertFalse(result.rows("forget").get(0).generated());
    assertTrue(result.metric("forget_rouge").isEmpty());
    assertTrue(result.metric("model_utility").isEmpty(), "world facts were not answered");
    assertEquals(all.rows("retain"), result.rows("retain"), "answers stay with their questions");
    assertEquals(all.metric("forget_prob"), result.metric("forget_prob"));
  }

  @Test
  void rowsAndAggregates() {
    EvaluationResult result = evaluate(TABLE, Optional.empty());
    RowResult first = result.rows("forget").get(0);
    value(P_PARIS, first, "prob");
    value(-Math.log(0.4) / 2, first, "avg_nll");
    value(1, first, "rouge");
    value(WRONG / P_PARAPHRASE, first, "truth_ratio");
    value(WRONG_ARITHMETIC / P_PARAPHRASE, first, "truth_ratio_arithmetic");
    // without its end "paris" is one token, and right; "rome" is one token, and wrong, so k is n -
    // 1
    value(1, first, "extraction_strength");
    value(1, first, "exact_memorization");
    RowResult second = result.rows("forget").get(1);
    value(P_ROME, second, "prob");
    value(0, second, "rouge");
    value(0, second, "exact_memorization");
    value(1, second, "extraction_strength");
    assertEquals("paris", second.generation());
    assertEquals("rome", second.answer());

    metric((P_PARIS + P_ROME) / 2, result, "forget_prob");
    metric(0.5, result, "forget_rouge");
    metric(0.5, result, "exact_memorization");
    metric(P_PARAPHRASE / WRONG, result, "forget_truth_ratio"); // the ratio is above 1
    metric(P_PARIS, result, "retain_prob");
    metric(0, result, "retain_truth_ratio"); // max(0, 1 - 1.23)
    metric(P_PARIS / (P_PARIS + P_ROME + P_ATHENS), result, "world_facts_prob");
    metric(1 - WRONG / P_PARIS, result, "world_facts_truth_ratio"); // no paraphrase: the answer
    metric(0, result, "model_utility"); // the retain truth ratio is 0
  }

  @Test
  void utilityIsTheHarmonicMeanOfWhatIsKept() {
    double[][] table = new double[TABLE.length][];
    Arrays.setAll(table, i -> TABLE[i].clone());
    table[WHERE] = new double[] {0.02, 0.02, 0.40, 0.02, 0.02, 0.52};
    EvaluationResult result = evaluate(table, Optional.empty());
    double[] parts =
        List.of("retain", "world_facts").stream()
            .flatMap(s -> List.of(s + "_prob", s + "_rouge", s + "_truth_ratio").stream())
            .mapToDouble(name -> result.metric(name).orElseThrow())
            .toArray();
    assertEquals(6, parts.length);
    assertTrue(Arrays.stream(parts).allMatch(v -> v > 0), Arrays.toString(parts));
    metric(6 / Arrays.stream(parts).map(v -> 1 / v).sum(), result, "model_utility");
    assertTrue(
        result.metric("model_utility_arithmetic").orElseThrow()
            != result.metric("model_utility").orElseThrow());
  }

  @Test
  void forgetQualityNeedsTheRetainOnlyModel() {
    EvaluationResult retain = evaluate(TABLE, Optional.empty());
    assertFalse(retain.metrics().containsKey("forget_quality"));
    metric(1, evaluate(TABLE, Optional.of(retain)), "forget_quality");
    UserException e =
        assertThrows(
            UserException.class,
            () ->
                suite(sets())
                    .evaluate(
                        "unlearned",
                        new BigramModel("tf", TABLE),
                        Optional.empty(),
                        Set.of("forget_quality"),
                        Progress.NONE));
    assertTrue(e.getMessage().contains("retain-only"), e.getMessage());
  }

  @Test
  void forgetQualityAgainstOtherRowsIsAnError() {
    EvaluationResult one =
        suite(List.of(new EvalSet("forget", EvalSet.Role.FORGET, List.of(item(7, true, PARIS)))))
            .evaluate(
                "retain", new BigramModel("tf", TABLE), Optional.empty(), Set.of(), Progress.NONE);
    UserException e = assertThrows(UserException.class, () -> evaluate(TABLE, Optional.of(one)));
    assertTrue(e.getMessage().contains("1 forget rows"), e.getMessage());
  }

  @Test
  void metricsWithoutDataAreLeftOutOrAnError() {
    EvalItem bare =
        new EvalItem(0, "q", "paris", row(PARIS), Optional.empty(), List.of(), new int[] {WHERE});
    TofuSuite suite = suite(List.of(new EvalSet("forget", EvalSet.Role.FORGET, List.of(bare))));
    BigramModel model = new BigramModel("tf", TABLE);
    Map<String, Double> metrics =
        suite.evaluate("m", model, Optional.empty(), Set.of(), Progress.NONE).metrics();
    assertEquals(
        Set.of(
            "forget_prob",
            "forget_rouge",
            "extraction_strength",
            "exact_memorization",
            "fluency_distinct_1",
            "fluency_repetition"),
        metrics.keySet());
    assertThrows(
        UserException.class,
        () -> suite.evaluate("m", model, Optional.empty(), Set.of("model_utility"), Progress.NONE));
  }

  @Test
  void answersWithoutTokensAndTwoForgetSetsAreErrors() {
    EvalItem empty =
        new EvalItem(
            3,
            "q",
            "paris",
            TokenRow.unlabelled(WHERE, PARIS),
            Optional.empty(),
            List.of(),
            new int[] {WHERE});
    EvalSet set = new EvalSet("forget", EvalSet.Role.FORGET, List.of(empty));
    UserException e = assertThrows(UserException.class, () -> suite(List.of(set)));
    assertTrue(e.getMessage().contains("forget, row 3"), e.getMessage());
    List<EvalSet> twice = List.of(sets().get(0), sets().get(0));
    assertThrows(UserException.class, () -> suite(twice));
  }

  @Test
  void aModelOfNaNGivesNaNNotNumbers() {
    double[][] broken = new double[TABLE.length][TABLE.length];
    Arrays.stream(broken).forEach(r -> Arrays.fill(r, Double.NaN));
    EvaluationResult result = evaluate(broken, Optional.of(evaluate(TABLE, Optional.empty())));
    for (String name : List.of("forget_prob", "forget_truth_ratio", "forget_quality")) {
      assertTrue(Double.isNaN(result.metric(name).orElseThrow()), name);
    }
    assertTrue(Double.isNaN(result.metric("model_utility").orElseThrow()));
  }

  @Test
  void everyMetricHasItsDescription() {
    EvaluationResult retain = evaluate(TABLE, Optional.empty());
    EvaluationResult result = evaluate(TABLE, Optional.of(retain));
    for (Map.Entry<String, Double> metric : result.metrics().entrySet()) {
      MetricInfo info = MetricInfo.of(metric.getKey()).orElseThrow();
      assertTrue(metric.getValue() >= info.low() && metric.getValue() <= info.high(), info.name());
      assertEquals(!retain.metrics().containsKey(info.name()), info.needsReference());
    }
    assertEquals(
        MetricInfo.Direction.CLOSER_TO_REFERENCE,
        MetricInfo.of("forget_truth_ratio_arithmetic").orElseThrow().direction());
    assertEquals(
        MetricInfo.Direction.HIGHER, MetricInfo.of("facts_rouge").orElseThrow().direction());
    assertTrue(MetricInfo.of("unheard_of").isEmpty());
  }

  // float32 logits: seven digits
  private static void value(double expected, RowResult row, String name) {
    Near.absolute(expected, row.value(name).orElseThrow(), 1e-6, "row " + row.index() + " " + name);
  }

  private static void metric(double expected, EvaluationResult result, String name) {
    Near.absolute(expected, result.metric(name).orElseThrow(), 1e-6, name);
  }
}
