package org.unlearn4j.onnx;

import org.unlearn4j.lm.Sampling;

/** Log-probabilities from one row of logits, in double precision. */
final class LogitScores {
  private LogitScores() {}

  /**
   * What evaluation wants to know of one label.
   *
   * @param mean sum over the vocabulary of p log p
   * @param variance sum of p (log p - mean)^2
   */
  record Score(float logProb, int argmax, float mean, float variance) {}

  static Score of(float[] logits, int label) {
    int argmax = Sampling.mostProbable(logits);
    double max = logits[argmax];
    double sum = 0;
    for (float z : logits) {
      sum += Math.exp(z - max);
    }
    double logSum = max + Math.log(sum);
    double mean = 0;
    for (float z : logits) {
      mean += Math.exp(z - logSum) * (z - logSum);
    }
    double variance = 0;
    for (float z : logits) {
      double deviation = z - logSum - mean;
      variance += Math.exp(z - logSum) * deviation * deviation;
    }
    return new Score((float) (logits[label] - logSum), argmax, (float) mean, (float) variance);
  }
}
