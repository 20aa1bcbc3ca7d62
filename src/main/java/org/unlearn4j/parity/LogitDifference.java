package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** How far the logits of two models are apart, position by position. */
final class LogitDifference {
  private static final double PERCENTILE = 0.999;

  private long logits;
  private double sumAbs;
  private double maxAbs;
  private long positions;
  private double sumVariance;
  private final List<Double> divergences = new ArrayList<>();
  private int sameTop1;

  /**
   * Takes a position.
   *
   * @param a {@code [vocab]} of the model that is taken to be right
   * @param b of the other
   * @param labelled whether the distributions are compared too
   */
  void accept(float[] a, float[] b, boolean labelled) {
    double sum = 0;
    double squares = 0;
    double apart = 0;
    double most = 0;
    for (int v = 0; v < a.length; v++) {
      double logit = a[v];
      double difference = Math.abs(logit - b[v]);
      apart += difference;
      most = Math.max(most, difference); // Math.max hands NaN on
      sum += logit;
      squares += logit * logit;
    }
    sumAbs += apart;
    maxAbs = Math.max(maxAbs, most);
    logits += a.length;
    positions++;
    double mean = sum / a.length;
    sumVariance += squares / a.length - mean * mean;
    if (labelled) {
      divergences.add(most == 0 ? 0 : divergence(a, b));
      sameTop1 += sameTop(a, b) ? 1 : 0;
    }
  }

  /** Takes what another one was given. */
  void add(LogitDifference other) {
    logits += other.logits;
    sumAbs += other.sumAbs;
    maxAbs = Math.max(maxAbs, other.maxAbs);
    positions += other.positions;
    sumVariance += other.sumVariance;
    divergences.addAll(other.divergences);
    sameTop1 += other.sameTop1;
  }

  /** KL(p || q) of two rows of logits, in nats: the mean of a - b by p, and both normalisers. */
  private static double divergence(float[] a, float[] b) {
    double mostA = largest(a);
    double mostB = largest(b);
    double sumA = 0;
    double sumB = 0;
    double apart = 0;
    for (int v = 0; v < a.length; v++) {
      double p = Math.exp(a[v] - mostA);
      sumA += p;
      sumB += Math.exp(b[v] - mostB);
      apart += p * ((a[v] - mostA) - (b[v] - mostB));
    }
    // Rounding may leave -1e-16; NaN is handed on.
    return Math.max(0, apart / sumA - Math.log(sumA) + Math.log(sumB));
  }

  static double largest(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    return max;
  }

  /** Largest absolute difference; NaN where one is. */
  static double largestDifference(float[] a, float[] b) {
    double largest = 0;
    for (int v = 0; v < a.length; v++) {
      largest = Math.max(largest, Math.abs((double) a[v] - b[v]));
    }
    return largest;
  }

  private static boolean sameTop(float[] a, float[] b) {
    int top = argmax(a);
    return top >= 0 && top == argmax(b);
  }

  /** The first of the largest values; -1 if one is NaN. */
  private static int argmax(float[] values) {
    int best = 0;
    for (int v = 0; v < values.length; v++) {
      if (Float.isNaN(values[v])) {
        return -1;
      }
      best = values[v] > values[best] ? v : best;
    }
    return best;
  }

  /**
   * What was measured.
   *
   * @param own the measures of the deployed file against itself
   */
  NumericDifference measured(Map<NumericMeasure, Double> own) {
    int tokens = divergences.size();
    Map<NumericMeasure, Double> measured = new EnumMap<>(own);
    measured.put(NumericMeasure.LOGIT_MAX_ABS, maxAbs);
    measured.put(NumericMeasure.LOGIT_MEAN_ABS, sumAbs / logits);
    measured.put(NumericMeasure.LOGIT_SPREAD, Math.sqrt(sumVariance / positions));
    measured.put(
        NumericMeasure.KL_MEAN,
        divergences.stream().mapToDouble(Double::doubleValue).sum() / tokens);
    measured.put(NumericMeasure.KL_P999, percentile());
    measured.put(NumericMeasure.TOP1_AGREEMENT, (double) sameTop1 / tokens);
    return new NumericDifference(positions, tokens, measured);
  }

  /** The smallest value that 99.9 % of the tokens do not exceed. */
  private double percentile() {
    double[] sorted = divergences.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0 || Double.isNaN(sorted[sorted.length - 1])) {
      return Double.NaN; // NaN is sorted last
    }
    return sorted[(int) Math.ceil(PERCENTILE * sorted.length) - 1];
  }
}
