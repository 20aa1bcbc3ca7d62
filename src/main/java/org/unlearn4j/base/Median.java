package org.unlearn4j.base;

import java.util.Arrays;

/** The value in the middle. */
public final class Median {
  private Median() {}

  /**
   * Of an even number the mean of the two in the middle.
   *
   * @param values in any order, at least one
   */
  public static double of(double... values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }
}
