package org.unlearn4j.eval;

import java.util.Arrays;

/**
 * How probable wrong answers are beside the right one (Maini et al., <i>TOFU</i>, 2024): well above
 * 0 only for a model that cannot tell them apart.
 *
 * <p>Published tables differ in two conventions, and the same logs give different numbers: the form
 * of the mean over wrong answers, and a small guard that keeps quotients finite. Both are arguments
 * here so that either table can be reproduced.
 */
public final class TruthRatio {
  /** Added to denominators by open-unlearning, the field's reference implementation. */
  public static final double OPEN_UNLEARNING_GUARD = 1e-10;

  /** No guard, as in the tables of the TOFU paper. */
  public static final double NO_GUARD = 0;

  private TruthRatio() {}

  /** The mean over the wrong answers. */
  public enum Form {
    /** exp(-mean of the average losses): the default, as open-unlearning. */
    GEOMETRIC,
    /** mean of exp(-average loss), as in the TOFU paper's code. */
    ARITHMETIC
  }

  /**
   * probability of the wrong answers / probability of the right one, in [0, infinity).
   *
   * @param correctAvgNll average negative log-likelihood of the paraphrased (or right) answer, nats
   *     a token
   * @param wrongAvgNll the same of each wrong answer
   */
  public static double of(double correctAvgNll, double[] wrongAvgNll, Form form, double guard) {
    double wrong =
        switch (form) {
          case GEOMETRIC -> Math.exp(-Statistics.mean(wrongAvgNll));
          case ARITHMETIC ->
              Statistics.mean(Arrays.stream(wrongAvgNll).map(nll -> Math.exp(-nll)).toArray());
        };
    return wrong / (Math.exp(-correctAvgNll) + guard);
  }

  /** For the forget set: mean of min(ratio, 1/ratio), 1 where wrong and right are level. */
  public static double closerToOneBetter(double[] ratios, double guard) {
    return Statistics.mean(Arrays.stream(ratios).map(r -> Math.min(r, 1 / (r + guard))).toArray());
  }

  /** For every other set: mean of max(0, 1 - ratio), 1 where wrong answers have no probability. */
  public static double trueBetter(double[] ratios) {
    return Statistics.mean(Arrays.stream(ratios).map(r -> Math.max(0, 1 - r)).toArray());
  }

  /** The right answer's share: mean of c / (c + w), w the geometric mean over the wrong answers. */
  public static double rightShare(double[] correctAvgNll, double[][] wrongAvgNll, double guard) {
    double[] shares = new double[correctAvgNll.length];
    for (int i = 0; i < shares.length; i++) {
      double c = Math.exp(-correctAvgNll[i]);
      double w = Math.exp(-Statistics.mean(wrongAvgNll[i]));
      shares[i] = c / (c + w + guard);
    }
    return Statistics.mean(shares);
  }
}
