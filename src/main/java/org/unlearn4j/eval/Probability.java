package org.unlearn4j.eval;

import java.util.Arrays;

/** An answer's probability, normalised for length: the geometric mean over its tokens. */
public final class Probability {
  private Probability() {}

  /**
   * exp(-nll / tokens).
   *
   * @param nll summed negative log-likelihood, nats
   */
  public static double of(double nll, int tokens) {
    return Math.exp(-nll / tokens);
  }

  /**
   * The right answer's share among the options: c / (c + sum of wrong + guard).
   *
   * @param guard {@link TruthRatio#OPEN_UNLEARNING_GUARD} or {@link TruthRatio#NO_GUARD}
   */
  public static double withOptions(double correct, double[] wrong, double guard) {
    return correct / (correct + Arrays.stream(wrong).sum() + guard);
  }
}
