package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.RocCurve.Point;
import org.unlearn4j.lm.RowGradients;
import org.unlearn4j.lm.TokenRow;

/** From scores to the strength of attacks. */
class MembershipInferenceTest {

  @Test
  void theCurveStepsWhereScoresAreApartAndSlantsWhereTheyAreTied() {
    // 3 and 1 are positive, 2 is not, and one of each has 0
    boolean[] positive = {true, false, true, true, false};
    double[] scores = {3, 2, 1, 0, 0};
    RocCurve curve = RocCurve.of(positive, scores);
    assertEquals(
        List.of(
            new Point(0, 0),
            new Point(0, 1.0 / 3),
            new Point(0.5, 1.0 / 3),
            new Point(0.5, 2.0 / 3),
            new Point(1, 1)),
        curve.points());
    // pairs of a positive and a negative, six: 3 beats both, 1 beats one, 0 ties with one: 3.5 / 6
    Near.absolute(3.5 / 6, curve.auc(), 1e-15, "area");
    assertEquals(1.0 / 3, curve.truePositivesAt(0.49), "no threshold in between");
    assertEquals(2.0 / 3, curve.truePositivesAt(0.5));
    assertEquals(1.0 / 3, curve.truePositivesAt(0.01));
  }

  @Test
  void theAreaIsThatOfTheRanksWithManyTies() throws IOException {
    Random random = new Random(7);
    for (int round = 0; round < 20; round++) {
      int n = 40 + round;
      boolean[] positive = new boolean[n];
      double[] scores = new double[n];
      for (int i = 0; i < n; i++) {
        positive[i] = i < 2 || (i > 3 && random.nextBoolean());
        scores[i] = random.nextInt(9);
      }
      double due = Statistics.rocAuc(positive, scores);
      Near.absolute(due, RocCurve.of(positive, scores).auc(), 1e-12, "round " + round);
    }
    try (InputStream in = getClass().getResourceAsStream("/fixtures/metrics.json")) {
      JsonNode cases = new ObjectMapper().readTree(in).get("roc_auc");
      assertTrue(cases.size() > 2);
      for (JsonNode c : cases) {
        int n = c.get("labels").size();
        boolean[] positive = new boolean[n];
        double[] scores = new double[n];
        for (int i = 0; i < n; i++) {
          positive[i] = c.get("labels").get(i).asInt() == 1;
          scores[i] = c.get("scores").get(i).asDouble();
        }
        double auc = RocCurve.of(positive, scores).auc();
        Near.relative(c.get("auc").asDouble(), auc, 1e-9, c.get("title").asText());
      }
    }
  }

  @Test
  void membersArePositiveAndFoundByLowScores() {
    double[] members = {0.1, 0.2, 0.9};
    double[] others = {0.8, 1.0};
    RocCurve curve = RocCurve.ofAttack(members, others);
    // the AUC of the fixtures: holdout is 1, higher scores
    double due =
        Statistics.rocAuc(
            new boolean[] {false, false, false, true, true},
            new double[] {0.1, 0.2, 0.9, 0.8, 1.0});
    Near.absolute(due, curve.auc(), 1e-15, "orientation");
    assertTrue(curve.auc() > 0.8, "the other orientation gives 1/6");
    assertEquals(2.0 / 3, curve.truePositivesAt(0.05));
  }

  @Test
  void brokenScoresGiveNoCurve() {
    for (RocCurve curve :
        List.of(
            RocCurve.ofAttack(new double[] {1, Double.NaN}, new double[] {2}),
            RocCurve.ofAttack(new double[] {1}, new double[0]))) {
      assertTrue(Double.isNaN(curve.auc()));
      assertTrue(Double.isNaN(curve.truePositivesAt(0.05)));
    }
  }

  private static final int END = 0;
  private static final double[][] TABLE = BigramModel.random(6, 3);
  private static final double[][] RETAIN_TABLE = BigramModel.random(6, 4);

  private static EvalItem item(int index, int... answer) {
    int[] withEnd = IntStream.concat(IntStream.of(answer), IntStream.of(END)).toArray();
    return new EvalItem(
        index,
        "q" + index,
        "answer " + index,
        TokenRow.answered(new int[] {1}, withEnd),
        Optional.empty(),
        List.of(TokenRow.answered(new int[] {1}, 5, 5, index % 6)),
        new int[] {1});
  }

  private static TofuSuite suite() {
    List<EvalItem> forget = List.of(item(0, 2), item(1, 3, 4), item(2, 2, 2));
    List<EvalItem> holdout = List.of(item(0, 4), item(1, 5, 2, 3));
    return new TofuSuite(
        List.of(
            new EvalSet("forget", EvalSet.Role.FORGET, forget),
            new EvalSet("holdout", EvalSet.Role.HOLDOUT, holdout)),
        new TofuSuite.Settings("tofu", 64, 4, Set.of(END)),
        ids -> ids.length + " tokens");
  }

  @Test
  void everyAttackComesFromTheOneScoringPass() {
    BigramModel model = new BigramModel("tf", TABLE);
    EvaluationResult retain =
        suite()
            .evaluate(
                Subject.of("r", new BigramModel("tf", RETAIN_TABLE), Progress.NONE), Set.of());
    Subject subject =
        Subject.of("u", model, Progress.NONE)
            .withRetainOnly(Optional.of(retain))
            .withGradients(Optional.of(new Norms()));
    EvaluationResult result = suite().evaluate(subject, Set.of("privleak"));
    int scored = model.scoredBatches.stream().mapToInt(List::size).sum();
    // 5 answers and the 3 wrong answers of the forget rows; those of holdout rows serve nothing
    assertEquals(8, scored, "rows through the model");
    assertEquals(1, model.decodedBatches.size());
    assertEquals(List.of(1), model.decodedBatches.get(0), "holdout questions are not asked");

    double[] ours = values(result.rows("forget"), "avg_nll");
    double[] theirs = values(retain.rows("forget"), "avg_nll");
    double[] reference = values(result.rows("forget"), "reference");
    for (int i = 0; i < ours.length; i++) {
      Near.absolute(ours[i] - theirs[i], reference[i], 1e-12, "reference of row " + i);
    }
    for (MembershipAttack attack : MembershipAttack.values()) {
      double[] members = values(result.rows("forget"), attack.value());
      double[] others = values(result.rows("holdout"), attack.value());
      RocCurve due = RocCurve.ofAttack(members, others);
      assertEquals(due, attack.curve(result).orElseThrow(), attack.label());
      assertEquals(due.auc(), result.metric(attack.auc()).orElseThrow(), attack.auc());
      assertEquals(
          due.truePositivesAt(0.05), result.metric(attack.truePositivesAt(5)).orElseThrow());
      MetricInfo info = MetricInfo.of(attack.auc()).orElseThrow();
      assertEquals(attack == MembershipAttack.REFERENCE, info.needsReference());
      assertEquals(attack == MembershipAttack.GRADNORM, info.needsGradients());
    }
    double auc = result.metric("mia_min_k_40_auc").orElseThrow();
    double retrained = retain.metric("mia_min_k_40_auc").orElseThrow();
    Near.absolute(
        Membership.privLeak(auc, retrained),
        result.metric("privleak").orElseThrow(),
        1e-9,
        "privleak");
    double relative = result.metric("mia_loss_auc_relative").orElseThrow();
    double theirLoss = retain.metric("mia_loss_auc").orElseThrow();
    double ourLoss = result.metric("mia_loss_auc").orElseThrow();
    Near.absolute((ourLoss - theirLoss) / theirLoss, relative, 1e-9, "relative");
    assertTrue(retain.metric("privleak").isEmpty() && retain.metric("mia_reference_auc").isEmpty());
    assertTrue(retain.metric("mia_gradnorm_auc").isEmpty());
  }

  @Test
  void holdoutIsNothingToKeep() {
    Map<String, Double> metrics =
        suite()
            .evaluate(Subject.of("u", new BigramModel("tf", TABLE), Progress.NONE), Set.of())
            .metrics();
    assertTrue(metrics.keySet().stream().noneMatch(n -> n.startsWith("holdout")), "" + metrics);
    assertTrue(!metrics.containsKey("model_utility"));
  }

  @Test
  void privleakWithoutTheYardstickIsAnError() {
    Subject alone = Subject.of("u", new BigramModel("tf", TABLE), Progress.NONE);
    assertThrows(UserException.class, () -> suite().evaluate(alone, Set.of("privleak")));
  }

  @Test
  void aYardstickOfAnotherSuiteOrOfOtherRowsIsAnError() {
    Subject alone = Subject.of("u", new BigramModel("tf", TABLE), Progress.NONE);
    EvaluationResult good = suite().evaluate(alone, Set.of());
    EvaluationResult other =
        Evaluations.of(
            "r", "tf", "muse", good.metrics(), good.perRow(), Map.of(), Optional.empty(), 1, 1);
    message(alone, other, "by suite muse, expected one by suite tofu");
    EvaluationResult fewer =
        Evaluations.of(
            "r",
            "tf",
            "tofu",
            good.metrics(),
            Map.of("forget", good.rows("forget"), "holdout", good.rows("holdout").subList(0, 1)),
            Map.of(),
            Optional.empty(),
            1,
            1);
    message(alone, fewer, "found 1 holdout rows");
  }

  private static void message(Subject subject, EvaluationResult yardstick, String part) {
    Subject measured = subject.withRetainOnly(Optional.of(yardstick));
    UserException e = assertThrows(UserException.class, () -> suite().evaluate(measured, Set.of()));
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  private static double[] values(List<RowResult> rows, String name) {
    return rows.stream().mapToDouble(r -> r.value(name).orElseThrow()).toArray();
  }

  /** A stand-in: the number of tokens. */
  private static final class Norms implements RowGradients {
    @Override
    public double[] norms(List<TokenRow> rows) {
      return rows.stream().mapToDouble(r -> r.length() + r.ids()[1] / 10.0).toArray();
    }

    @Override
    public void close() {
      // holds nothing native
    }
  }
}
