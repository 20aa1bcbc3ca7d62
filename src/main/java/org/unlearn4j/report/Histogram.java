package org.unlearn4j.report;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * Bins of equal width that several samples share. A value on an edge belongs to the bin above it.
 *
 * @param from lower edge of the first bin, a multiple of the width
 * @param width 1, 2 or 5 times a power of ten
 */
record Histogram(double from, double width, int bins) {

  /**
   * Bins that hold every value.
   *
   * @param values finite, at least one
   * @param most largest number of bins wanted (an edge may add one)
   */
  static Histogram over(double[] values, int most) {
    double low = Arrays.stream(values).min().orElseThrow();
    double high = Arrays.stream(values).max().orElseThrow();
    double width = roundStep(Math.max((high - low) / most, 1e-6));
    double from = Math.floor(low / width) * width;
    return new Histogram(from, width, 1 + (int) Math.floor((high - from) / width));
  }

  /** The smallest of 1, 2 and 5 times a power of ten that is at least {@code least}. */
  static double roundStep(double least) {
    double ten = Math.pow(10, Math.floor(Math.log10(least)));
    return DoubleStream.of(1, 2, 5)
        .map(m -> m * ten)
        .filter(w -> w >= least)
        .findFirst()
        .orElse(10 * ten);
  }

  /** The share of the values in each bin; values outside are in the outermost bins. */
  double[] shares(double[] values) {
    double[] share = new double[bins];
    for (double value : values) {
      int bin = (int) Math.floor((value - from) / width);
      share[Math.max(0, Math.min(bins - 1, bin))] += 1.0 / values.length;
    }
    return share;
  }

  /** Upper edge of the last bin. */
  double to() {
    return from + bins * width;
  }
}
