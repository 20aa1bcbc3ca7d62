package org.unlearn4j.eval;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Means and ranks. NaN among the values gives NaN. */
public final class Statistics {
  private Statistics() {}

  /** The arithmetic mean; NaN of no values. */
  public static double mean(double... values) {
    return values.length == 0 ? Double.NaN : Arrays.stream(values).sum() / values.length;
  }

  /** n / sum of 1/v; 0 if any value is 0, NaN of no values. */
  public static double harmonicMean(double... values) {
    if (values.length == 0 || Arrays.stream(values).anyMatch(Double::isNaN)) {
      return Double.NaN;
    }
    if (Arrays.stream(values).anyMatch(v -> v == 0)) {
      return 0;
    }
    return values.length / Arrays.stream(values).map(v -> 1 / v).sum();
  }

  /**
   * Area under the receiver operating characteristic: the probability that a positive's score is
   * above a negative's, ties counted half (mid-ranks).
   *
   * @return NaN where one of the classes is empty or a score is NaN
   */
  public static double rocAuc(boolean[] positive, double[] scores) {
    if (positive.length != scores.length) {
      throw new IllegalArgumentException(
          positive.length + " labels but " + scores.length + " scores");
    }
    int[] order =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> scores[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    long positives = 0;
    double rankSum = 0;
    int from = 0;
    while (from < order.length) {
      int to = from;
      int here = 0;
      while (to < order.length && scores[order[to]] == scores[order[from]]) {
        here += positive[order[to]] ? 1 : 0;
        to++;
      }
      if (to == from) { // NaN equals nothing, itself included
        return Double.NaN;
      }
      rankSum += here * ((from + 1 + to) / 2.0);
      positives += here;
      from = to;
    }
    long negatives = scores.length - positives;
    return positives == 0 || negatives == 0
        ? Double.NaN
        : (rankSum - positives * (positives + 1) / 2.0) / ((double) positives * negatives);
  }
}
