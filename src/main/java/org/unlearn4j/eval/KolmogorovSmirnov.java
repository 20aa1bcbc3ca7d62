package org.unlearn4j.eval;

import java.util.Arrays;

/** The two-sample Kolmogorov-Smirnov test, two-sided, with its exact p-value. */
public final class KolmogorovSmirnov {
  private KolmogorovSmirnov() {}

  /**
   * A test's outcome.
   *
   * @param statistic the largest distance between the two empirical distribution functions
   * @param pValue probability of a distance at least as large if both samples come from one
   *     distribution
   */
  public record Result(double statistic, double pValue) {}

  /**
   * Tests whether two samples come from one distribution. A sample that holds NaN has no
   * distribution function: both numbers are NaN then.
   *
   * @throws IllegalArgumentException if a sample is empty
   */
  public static Result twoSample(double[] a, double[] b) {
    if (a.length == 0 || b.length == 0) {
      throw new IllegalArgumentException(
          "the Kolmogorov-Smirnov test needs two samples, found " + a.length + " and " + b.length);
    }
    if (hasNaN(a) || hasNaN(b)) {
      return new Result(Double.NaN, Double.NaN);
    }
    long g = gcd(a.length, b.length);
    long distance = scaledDistance(a, b, a.length / g, b.length / g);
    double statistic = (double) distance * g / ((double) a.length * b.length);
    return new Result(statistic, probabilityOfLeaving(a.length, b.length, g, distance));
  }

  /** The statistic times n m / gcd: a whole number, so that no rounding decides a tie. */
  private static long scaledDistance(double[] a, double[] b, long stepA, long stepB) {
    double[] x = a.clone();
    double[] y = b.clone();
    Arrays.sort(x);
    Arrays.sort(y);
    long largest = 0;
    int i = 0;
    int j = 0;
    while (i < x.length && j < y.length) {
      double value = Math.min(x[i], y[j]);
      while (i < x.length && x[i] <= value) {
        i++;
      }
      while (j < y.length && y[j] <= value) {
        j++;
      }
      largest = Math.max(largest, Math.abs(i * stepB - j * stepA));
    }
    return largest;
  }

  /**
   * Probability that a random lattice path from (0, 0) to (n, m) touches |i m/g - j n/g| >= h.
   *
   * <p>The mass that leaves the band is added up, rather than 1 less the mass that stays: that
   * keeps full relative precision for p-values far below the rounding unit.
   */
  private static double probabilityOfLeaving(int n, int m, long g, long h) {
    if (h == 0) {
      return 1;
    }
    long stepI = m / g;
    long stepJ = n / g;
    double left = 0;
    double[] inside = new double[m + 1];
    inside[0] = 1;
    for (int i = 0; i <= n; i++) {
      double fromLeft = 0;
      for (int j = 0; j <= m; j++) {
        double mass = inside[j] + fromLeft;
        if (Math.abs(i * stepI - j * stepJ) >= h) {
          left += mass;
          mass = 0;
        }
        int remaining = n + m - i - j;
        fromLeft = remaining == 0 ? 0 : mass * (m - j) / remaining;
        inside[j] = remaining == 0 ? 0 : mass * (n - i) / remaining;
      }
    }
    return Math.min(1, left);
  }

  private static boolean hasNaN(double[] values) {
    return Arrays.stream(values).anyMatch(Double::isNaN);
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}
