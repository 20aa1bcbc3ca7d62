package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every number of fixtures/metrics.json, which independent float64 code wrote with 12 digits. */
class MetricFixturesTest {
  private static final double TOLERANCE = 1e-9;
  private static final double GUARD = TruthRatio.OPEN_UNLEARNING_GUARD;

  private static JsonNode fixtures;

  @BeforeAll
  static void load() throws IOException {
    try (InputStream in = MetricFixturesTest.class.getResourceAsStream("/fixtures/metrics.json")) {
      fixtures = new ObjectMapper().readTree(in);
    }
  }

  @Test
  void stems() {
    assertTrue(fixtures.get("porter_stems").size() >= 125);
    fixtures
        .get("porter_stems")
        .properties()
        .forEach(
            e -> assertEquals(e.getValue().asText(), PorterStemmer.stem(e.getKey()), e.getKey()));
  }

  @Test
  void rouge() {
    for (JsonNode c : cases("rouge")) {
      String target = c.get("target").asText();
      String prediction = c.get("prediction").asText();
      assertEquals(strings(c.get("target_tokens")), Rouge.words(target));
      assertEquals(strings(c.get("prediction_tokens")), Rouge.words(prediction));
      overlap(c.get("rouge1"), Rouge.rouge1(target, prediction), "rouge1 of " + target);
      overlap(c.get("rougeL"), Rouge.rougeL(target, prediction), "rougeL of " + target);
    }
  }

  private static void overlap(JsonNode expected, Rouge.Overlap actual, String what) {
    near(expected.get("precision"), actual.precision(), what + " precision");
    near(expected.get("recall"), actual.recall(), what + " recall");
    near(expected.get("f1"), actual.f1(), what + " f1");
  }

  @Test
  void kolmogorovSmirnov() {
    for (JsonNode c : cases("ks_2samp")) {
      KolmogorovSmirnov.Result result =
          KolmogorovSmirnov.twoSample(doubles(c.get("a")), doubles(c.get("b")));
      near(c.get("statistic"), result.statistic(), c.get("title").asText() + " statistic");
      near(c.get("pvalue"), result.pValue(), c.get("title").asText() + " p-value");
    }
  }

  @Test
  void kolmogorovSmirnovOfNaNIsNaN() {
    double[] broken = {0.1, Double.NaN, 0.3};
    assertTrue(Double.isNaN(KolmogorovSmirnov.twoSample(broken, new double[] {1, 2}).pValue()));
  }

  @Test
  void rocAuc() {
    for (JsonNode c : cases("roc_auc")) {
      int[] labels = ints(c.get("labels"));
      boolean[] positive = new boolean[labels.length];
      for (int i = 0; i < labels.length; i++) {
        positive[i] = labels[i] == 1;
      }
      double auc = Statistics.rocAuc(positive, doubles(c.get("scores")));
      near(c.get("auc"), auc, c.get("title").asText());
    }
    boolean[] both = {true, false};
    assertTrue(Double.isNaN(Statistics.rocAuc(both, new double[] {Double.NaN, 1})));
    assertTrue(Double.isNaN(Statistics.rocAuc(new boolean[] {true}, new double[] {1})));
  }

  @Test
  void harmonicMean() {
    for (JsonNode c : cases("harmonic_mean")) {
      near(c.get("hmean"), Statistics.harmonicMean(doubles(c.get("values"))), "harmonic mean");
    }
    assertTrue(Double.isNaN(Statistics.harmonicMean(0, Double.NaN)), "0 must not hide NaN");
  }

  @Test
  void truthRatio() {
    JsonNode c = fixtures.get("truth_ratio");
    double[] correct = doubles(c.get("correct_avg_loss"));
    double[][] wrong = matrix(c.get("wrong_avg_loss"));
    double[] ratios = new double[correct.length];
    JsonNode aggregators = c.get("aggregators");
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = TruthRatio.of(correct[i], wrong[i], TruthRatio.Form.GEOMETRIC, GUARD);
      for (String name : List.of("closer_to_1_better", "true_better")) {
        near(aggregators.get(name).get("score_by_index").get(i), ratios[i], name + " row " + i);
      }
      double share =
          TruthRatio.rightShare(new double[] {correct[i]}, new double[][] {wrong[i]}, GUARD);
      near(aggregators.get("prob_mean").get("score_by_index").get(i), share, "prob_mean row " + i);
    }
    near(
        aggregators.get("closer_to_1_better").get("value"),
        TruthRatio.closerToOneBetter(ratios, GUARD),
        "closer_to_1_better");
    near(aggregators.get("true_better").get("value"), TruthRatio.trueBetter(ratios), "true_better");
    near(
        aggregators.get("prob_mean").get("value"),
        TruthRatio.rightShare(correct, wrong, GUARD),
        "prob_mean");
    // the plausible mistake: the other mean over the wrong answers
    double arithmetic = TruthRatio.of(correct[0], wrong[0], TruthRatio.Form.ARITHMETIC, GUARD);
    assertTrue(Math.abs(arithmetic - ratios[0]) > 0.1 * ratios[0]);
  }

  @Test
  void probability() {
    for (JsonNode c : cases("probability")) {
      double nll = c.get("nll_sum").asDouble();
      near(c.get("prob"), Probability.of(nll, c.get("tokens").asInt()), "probability");
    }
    JsonNode options = fixtures.get("probability_w_options");
    double[] correct = doubles(options.get("correct_prob"));
    double[][] wrong = matrix(options.get("wrong_prob"));
    double[] shares = new double[correct.length];
    for (int i = 0; i < shares.length; i++) {
      shares[i] = Probability.withOptions(correct[i], wrong[i], GUARD);
      near(options.get("prob_by_index").get(i), shares[i], "options row " + i);
    }
    near(options.get("value"), Statistics.mean(shares), "options");
  }

  @Test
  void memorization() {
    List<Double> exact = new ArrayList<>();
    List<Double> strength = new ArrayList<>();
    for (JsonNode c : cases("memorization")) {
      int[] argmax = ints(c.get("argmax"));
      int[] labels = ints(c.get("labels"));
      OptionalDouble share = Memorization.exactMemorization(argmax, labels);
      if (c.get("exact_memorization").isNull()) {
        assertFalse(share.isPresent());
      } else {
        near(c.get("exact_memorization"), share.orElseThrow(), "exact memorisation");
        exact.add(share.orElseThrow());
      }
      strength.add(Memorization.extractionStrength(argmax, labels));
      near(c.get("extraction_strength"), strength.get(strength.size() - 1), "extraction strength");
    }
    JsonNode mean = fixtures.get("memorization_mean");
    near(mean.get("exact_memorization"), mean(exact), "mean exact memorisation");
    near(mean.get("extraction_strength"), mean(strength), "mean extraction strength");
  }

  @Test
  void minK() {
    for (JsonNode c : cases("min_k")) {
      double score = Membership.minK(doubles(c.get("token_logprobs")), c.get("k").asDouble());
      near(c.get("score"), score, "min-k");
    }
    assertTrue(Double.isNaN(Membership.minK(new double[] {-1, -2, Double.NaN}, 0.4)));
  }

  @Test
  void minKPlusPlus() {
    for (JsonNode c : cases("min_k_plus_plus")) {
      double[][] vocabulary = matrix(c.get("vocab_logprobs"));
      int[] tokens = ints(c.get("tokens"));
      double[] own = new double[tokens.length];
      double[] mu = new double[tokens.length];
      double[] variance = new double[tokens.length];
      for (int t = 0; t < tokens.length; t++) {
        own[t] = vocabulary[t][tokens[t]];
        double square = 0;
        for (double lp : vocabulary[t]) {
          mu[t] += Math.exp(lp) * lp;
          square += Math.exp(lp) * lp * lp;
        }
        variance[t] = square - mu[t] * mu[t];
        near(c.get("mu").get(t), mu[t], "mu " + t);
        near(c.get("variance").get(t), Math.max(variance[t], 1e-6), "variance " + t);
      }
      double score = Membership.minKPlusPlus(own, mu, variance, c.get("k").asDouble());
      near(c.get("score"), score, "min-k++");
    }
  }

  @Test
  void zlib() {
    for (JsonNode c : cases("zlib")) {
      String text = c.get("text").asText();
      assertEquals(c.get("utf8_bytes").asInt(), text.getBytes(StandardCharsets.UTF_8).length, text);
      assertEquals(c.get("compressed_bytes").asInt(), Membership.deflatedBytes(text), text);
      near(c.get("score"), Membership.zlib(c.get("avg_loss").asDouble(), text), text);
    }
  }

  @Test
  void privLeak() {
    for (JsonNode c : cases("privleak")) {
      double forget = c.get("forget_auc").asDouble();
      double retain = c.get("retain_auc").asDouble();
      near(c.get("privleak"), Membership.privLeak(forget, retain), "privleak");
      near(c.get("rel_diff"), Membership.relativeDifference(forget, retain), "rel_diff");
      if (forget != retain) { // the plausible mistake: the other orientation
        assertNotEquals(
            Math.signum(c.get("privleak").asDouble()), Math.signum(forget - retain), 0.0);
      }
    }
  }

  private static void near(JsonNode expected, double actual, String what) {
    Near.relative(expected.asDouble(), actual, TOLERANCE, what);
  }

  private static JsonNode cases(String name) {
    assertTrue(fixtures.get(name).size() > 2, name);
    return fixtures.get(name);
  }

  private static double mean(List<Double> values) {
    return Statistics.mean(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  private static List<String> strings(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList();
  }

  private static double[] doubles(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  private static double[][] matrix(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .map(MetricFixturesTest::doubles)
        .toArray(double[][]::new);
  }
}
