package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;

/** IHL, by its formula in float64. */
class InvertedHingeTest {
  private static double[] probabilities(double[] logits) {
    return Arrays.stream(HandSteps.logProbs(logits)).map(Math::exp).toArray();
  }

  private static double hinge(double[] logits, int label) {
    double[] p = probabilities(logits);
    return 1 + p[label] - p[HandSteps.best(p, label)];
  }

  /** {@code p_t (e_t - p) - p_m (e_m - p)}, m being the most probable other token. */
  private static double[] slope(double[] logits, int label) {
    double[] p = probabilities(logits);
    int next = HandSteps.best(p, label);
    double[] slope = new double[p.length];
    for (int v = 0; v < p.length; v++) {
      slope[v] = -p[label] * p[v] + p[next] * p[v];
    }
    slope[label] += p[label];
    slope[next] -= p[next];
    return slope;
  }

  private static double mean(HandSteps.Tokens tokens, IntPredicate counts) {
    double sum = 0;
    for (int i = 0; i < tokens.size(); i++) {
      sum += counts.test(i) ? hinge(tokens.logits().get(i), tokens.labels().get(i)) : 0;
    }
    return sum / tokens.size();
  }

  private static double[][] slopes(HandSteps.Tokens tokens, IntPredicate counts) {
    double[][] slopes = new double[tokens.size()][];
    for (int i = 0; i < slopes.length; i++) {
      double weight = counts.test(i) ? 1.0 / slopes.length : 0;
      slopes[i] = slope(tokens.logits().get(i), tokens.labels().get(i));
      Arrays.setAll(slopes[i], of(slopes[i], weight));
    }
    return slopes;
  }

  private static java.util.function.IntToDoubleFunction of(double[] values, double weight) {
    double[] own = values.clone();
    return v -> weight * own[v];
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void valueAndGradientAreTheFormulas(String family) {
    try (HandSteps steps = new HandSteps(family)) {
      List<TokenRow> rows = steps.rows(Segment.FORGET);
      HandSteps.Tokens tokens = steps.tokens(rows);
      StepBatch batch = StepBatch.whole(Map.of(Segment.FORGET, rows), Map.of());
      StepFixture.Values seen = steps.run(steps.objective("IHL"), batch);
      double expected = mean(tokens, i -> true);
      assertClose("IHL", expected, seen.terms().get("forget"), 0, HandSteps.TOLERANCE);
      HandSteps.assertGradients(steps.chained(batch, slopes(tokens, i -> true)), seen.gradients());

      // The plausible mistake: the label is among the tokens of the maximum, so that it is 0 where
      // the label is the most probable token, which every second one is.
      double including = 0;
      double[][] wrong = slopes(tokens, i -> true);
      for (int i = 0; i < tokens.size(); i++) {
        double[] p = probabilities(tokens.logits().get(i));
        int label = tokens.labels().get(i);
        boolean top = HandSteps.best(p, -1) == label;
        including += (1 + p[label] - p[HandSteps.best(p, -1)]) / tokens.size();
        if (top) {
          Arrays.fill(wrong[i], 0);
        }
      }
      double other = including;
      assertThrows(
          AssertionFailedError.class,
          () -> assertClose("IHL", other, seen.terms().get("forget"), 0, HandSteps.TOLERANCE));
      Map<String, float[]> chained = steps.chained(batch, wrong);
      assertThrows(
          AssertionFailedError.class, () -> HandSteps.assertGradients(chained, seen.gradients()));
    }
  }

  /** The closed form of the slope is the loss's: central differences, off by h squared. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void theSlopeIsTheLosses(int label) {
    double[] logits = {0.3, 1.9, -0.4, 1.2};
    double h = 1e-5;
    for (int v = 0; v < logits.length; v++) {
      double[] up = logits.clone();
      double[] down = logits.clone();
      up[v] += h;
      down[v] -= h;
      double expected = (hinge(up, label) - hinge(down, label)) / (2 * h);
      assertClose("slope " + v, expected, slope(logits, label)[v], 1e-9, 0);
    }
  }

  /**
   * Every third token is at its floor: it adds neither value nor gradient, the mean is over all.
   */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void tokensAtTheirFloorAreLeftOut(String family) {
    try (HandSteps steps = new HandSteps(family)) {
      List<TokenRow> rows = steps.rows(Segment.FORGET);
      HandSteps.Tokens tokens = steps.tokens(rows);
      List<double[]> floors = new ArrayList<>();
      int at = 0;
      for (TokenRow row : rows) {
        double[] own = new double[row.labelled()];
        for (int t = 0; t < own.length; t++) {
          own[t] = at++ % 3 == 0 ? 0 : 1000;
        }
        floors.add(own);
      }
      StepBatch whole = StepBatch.whole(Map.of(Segment.FORGET, rows), Map.of());
      StepBatch batch =
          new StepBatch(whole.rows(), whole.referenceNll(), floors, whole.queue(), whole.totals());
      Objective floored =
          steps.objective("IHL", "unlearn.objective.floor=1", "unlearn.objective.pull=0");
      StepFixture.Values seen = steps.run(floored, batch);
      IntPredicate counts = i -> i % 3 != 0;
      assertClose("IHL", mean(tokens, counts), seen.terms().get("forget"), 0, HandSteps.TOLERANCE);
      HandSteps.assertGradients(steps.chained(whole, slopes(tokens, counts)), seen.gradients());
      assertTrue(
          mean(tokens, i -> true) > 1.01 * mean(tokens, counts), "the control: without floors");
    }
  }
}
