package org.unlearn4j.weights;

/** What both quantisers share. */
final class Rounding {
  /** 1.5 * 2^23: a float32 of this size has no digits behind the point. */
  private static final float SHIFT = 0x1.8p23f;

  private Rounding() {}

  /**
   * The nearest integer, ties to even, of a value below 2^22: the float32 adder rounds for us.
   * Eight times as fast as {@link Math#rint}, whose detour over double keeps the loop from
   * vectorising.
   */
  static float rint(float x) {
    return (x + SHIFT) - SHIFT;
  }

  /** Fails on what no code stands for. */
  static void requireFinite(float value) {
    if (!Float.isFinite(value)) {
      throw new ArithmeticException("a value that is not finite (" + value + ")");
    }
  }
}
