package org.unlearn4j.onnx;

import java.util.Arrays;
import org.unlearn4j.lm.TokenScores;

/** Scores of all labels of a batch, filled piece by piece. */
final class LabelScores {
  final float[] logProbs;
  final int[] argmax;
  final float[] mean;
  final float[] variance;

  LabelScores(int labels) {
    this.logProbs = new float[labels];
    this.argmax = new int[labels];
    this.mean = new float[labels];
    this.variance = new float[labels];
  }

  void set(int i, LogitScores.Score score) {
    logProbs[i] = score.logProb();
    argmax[i] = score.argmax();
    mean[i] = score.mean();
    variance[i] = score.variance();
  }

  /** Those of one row. */
  TokenScores range(int[] labels, int from, int to) {
    return new TokenScores(
        Arrays.copyOfRange(labels, from, to),
        Arrays.copyOfRange(logProbs, from, to),
        Arrays.copyOfRange(argmax, from, to),
        Arrays.copyOfRange(mean, from, to),
        Arrays.copyOfRange(variance, from, to));
  }
}
