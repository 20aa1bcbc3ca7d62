package org.unlearn4j.lm;

/**
 * What a model says of one row's labelled tokens, in their order; all arrays are {@code
 * [labelled]}.
 *
 * @param labels the labelled tokens themselves
 * @param logProbs natural logarithm of each labelled token's probability
 * @param argmax the most probable token at the position that predicts it
 * @param meanLogProb mu = sum over the vocabulary of p log p
 * @param varLogProb sum of p (log p)^2, less mu^2
 */
@SuppressWarnings("ArrayRecordComponent") // a result that is handed over, not shared
public record TokenScores(
    int[] labels, float[] logProbs, int[] argmax, float[] meanLogProb, float[] varLogProb) {

  /**
   * Summed negative log-likelihood of the labelled tokens, in nats, accumulated in double
   * precision.
   */
  public double nll() {
    double sum = 0;
    for (float lp : logProbs) {
      sum -= lp;
    }
    return sum;
  }

  /** {@link #nll} a token, in nats. */
  public double avgNll() {
    return nll() / tokens();
  }

  public int tokens() {
    return labels.length;
  }
}
