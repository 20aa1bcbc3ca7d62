package org.unlearn4j.base;

/**
 * Numbers that are the same on every Java and forever, and that no other draw is needed for:
 * SplitMix64 (Steele, Lea and Flood 2014), written out.
 */
public final class SplitMix {
  /** What a state grows by from number to number: the golden ratio in 64 bits. */
  public static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private SplitMix() {}

  /** The number of a state. */
  public static long mix(long state) {
    long z = state;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** The number of a state, from 0 to below 1. */
  public static double uniform(long state) {
    return (mix(state) >>> 11) * 0x1.0p-53;
  }
}
