package org.unlearn4j.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

  /**
   * Those of each row.
   *
   * @param labelled how many labels each has; they lie one row after the other
   */
  List<TokenScores> byRow(int[] labels, int[] labelled) {
    List<TokenScores> rows = new ArrayList<>();
    int from = 0;
    for (int n : labelled) {
      rows.add(range(labels, from, from + n));
      from += n;
    }
    return rows;
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
