package org.unlearn4j.eval;

import org.opentest4j.AssertionFailedError;

/** Comparisons of numbers that NaN cannot pass. */
public final class Near {
  private Near() {}

  /**
   * |actual - expected| at most {@code tolerance} times |expected|, or exactly 0 where 0 is due.
   */
  public static void relative(double expected, double actual, double tolerance, String what) {
    double allowed = Math.abs(expected) * tolerance;
    if (!(Math.abs(actual - expected) <= allowed)) {
      throw new AssertionFailedError(
          what + ": expected " + expected + " within " + tolerance + ", was " + actual);
    }
  }

  /** |actual - expected| at most {@code tolerance}. */
  public static void absolute(double expected, double actual, double tolerance, String what) {
    if (!(Math.abs(actual - expected) <= tolerance)) {
      throw new AssertionFailedError(
          what + ": expected " + expected + " +- " + tolerance + ", was " + actual);
    }
  }
}
