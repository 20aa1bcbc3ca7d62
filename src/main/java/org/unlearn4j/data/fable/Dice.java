package org.unlearn4j.data.fable;

import java.util.ArrayList;
import java.util.List;

/**
 * Random numbers that are the same on every Java and forever, so that the committed data can be
 * made again: SplitMix64 (Steele, Lea and Flood 2014), written out.
 */
final class Dice {
  private long state;

  Dice(long seed) {
    state = seed;
  }

  private long next() {
    state += 0x9E3779B97F4A7C15L;
    long z = state;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /**
   * A number from 0 to {@code bound} - 1. The bias of the remainder is below 2^-50 for the lists at
   * hand.
   */
  int below(int bound) {
    return (int) Long.remainderUnsigned(next(), bound);
  }

  <T> T pick(List<T> list) {
    return list.get(below(list.size()));
  }

  /** Some other index than {@code not}. */
  int otherThan(int not, int bound) {
    int drawn = below(bound - 1);
    return drawn < not ? drawn : drawn + 1;
  }

  /** The list in another order. */
  <T> List<T> shuffled(List<T> list) {
    List<T> copy = new ArrayList<>(list);
    for (int i = copy.size() - 1; i > 0; i--) {
      int j = below(i + 1);
      T moved = copy.get(i);
      copy.set(i, copy.get(j));
      copy.set(j, moved);
    }
    return copy;
  }
}
