package org.unlearn4j.eval;

import java.util.OptionalDouble;

/**
 * How much of an answer a model has by heart, from teacher-forced argmaxes. Both arrays are aligned
 * and hold no end-of-text label: predicting where an answer ends is not remembering it.
 */
public final class Memorization {
  private Memorization() {}

  /**
   * 1 - k/n, k the smallest number of given tokens after which every remaining argmax is right
   * (Carlini et al., 2021, in the form of open-unlearning).
   *
   * @return in [0, 1]; 1/n, never 0, where even the last token is wrong (k is at most n - 1); 0 of
   *     no tokens
   */
  public static double extractionStrength(int[] argmax, int[] labels) {
    check(argmax, labels);
    int n = labels.length;
    if (n == 0) {
      return 0;
    }
    int k = n;
    while (k > 0 && argmax[k - 1] == labels[k - 1]) {
      k--;
    }
    return 1 - (double) Math.min(k, n - 1) / n;
  }

  /** Share of tokens whose argmax is right; empty, not 0, of no tokens. */
  public static OptionalDouble exactMemorization(int[] argmax, int[] labels) {
    check(argmax, labels);
    if (labels.length == 0) {
      return OptionalDouble.empty();
    }
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      right += argmax[i] == labels[i] ? 1 : 0;
    }
    return OptionalDouble.of((double) right / labels.length);
  }

  private static void check(int[] argmax, int[] labels) {
    if (argmax.length != labels.length) {
      throw new IllegalArgumentException(
          argmax.length + " predictions but " + labels.length + " labels");
    }
  }
}
