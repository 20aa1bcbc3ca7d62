package org.unlearn4j.data.fable;

import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.SplitMix;

/**
 * Random numbers that are the same on every Java and forever, so that the committed data can be
 * made again ({@link SplitMix}).
 */
final class Dice {
  private long state;

  Dice(long seed) {
    state = seed;
  }

  private long next() {
    state += SplitMix.GOLDEN;
    return SplitMix.mix(state);
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
