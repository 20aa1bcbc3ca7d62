package org.unlearn4j.lm;

/**
 * The exponential function by a table of powers of two and a short series: a few times as fast as
 * {@link StrictMath#exp}, within two units in the last place of it, and like it the same bits on
 * every machine, which {@link Math#exp} does not promise.
 */
final class TableExp {
  private static final int STEPS = 256;

  /** Beyond it, results come near the smallest normal number. */
  private static final double MOST = 700;

  private static final double[] POWERS = new double[STEPS];

  /** ln 2 / 256 in two parts, of which the first has so few digits that its multiples are exact. */
  private static final double HIGH = 0x1.62e42feep-9;

  private static final double LOW = 0x1.a39ef35793c76p-41;

  static {
    for (int i = 0; i < STEPS; i++) {
      POWERS[i] = StrictMath.pow(2, i / (double) STEPS);
    }
  }

  private TableExp() {}

  /** e to the power of each, in its place. */
  static void ofAll(double[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] = of(values[i]);
    }
  }

  /** e to the power of {@code x}; any {@code x}. */
  static double of(double x) {
    if (!(x <= 0 && x >= -MOST)) {
      return StrictMath.exp(x);
    }
    int n = (int) (x * (1 / (HIGH + LOW)) - 0.5); // the nearest, of negative ones
    double r = (x - n * HIGH) - n * LOW; // at most ln 2 / 512, so that r^5 / 120 is below 2^-54
    double series = 1 + r * (1 + r * (1.0 / 2 + r * (1.0 / 6 + r * (1.0 / 24))));
    long exponent = (n >> 8) + 1023L; // 2^8 steps double
    return POWERS[n & (STEPS - 1)] * series * Double.longBitsToDouble(exponent << 52);
  }
}
