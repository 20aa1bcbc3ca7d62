package org.unlearn4j.train;

import java.nio.FloatBuffer;
import java.util.Random;
import java.util.function.Function;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;

/** Random weights: matrices from N(0, standard deviation), gains one, biases zero. */
public final class FreshWeights {
  /** A prime, so that no two rows of a matrix begin at the same place. */
  private static final int REPEATED = 1_000_003;

  private FreshWeights() {}

  /**
   * A source that gives each parameter the same values for the same seed, in whatever order it is
   * asked.
   */
  public static Function<Parameter, FloatBuffer> of(long seed, double standardDeviation) {
    return p -> {
      FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(p.size()));
      Random random = new Random(seed * 31 + p.name().hashCode());
      while (values.hasRemaining()) {
        values.put(
            switch (p.init()) {
              case NORMAL -> (float) (random.nextGaussian() * standardDeviation);
              case ONES -> 1f;
              case ZEROS -> 0f;
            });
      }
      return values.flip();
    };
  }

  /**
   * For measurements of speed: the same, but that normal values come over and over from one table,
   * because drawing those of a large model takes longer than a step of it.
   */
  static WeightSource repeated(double standardDeviation) {
    float[] table = new float[REPEATED];
    Random random = new Random(0);
    for (int i = 0; i < table.length; i++) {
      table[i] = (float) (random.nextGaussian() * standardDeviation);
    }
    return (p, from, to) -> {
      int at = (int) ((from + Math.abs((long) p.name().hashCode())) % table.length);
      while (to.hasRemaining()) {
        int n = Math.min(to.remaining(), table.length - at);
        switch (p.init()) {
          case NORMAL -> to.put(table, at, n);
          case ONES -> put(to, 1f, n);
          case ZEROS -> put(to, 0f, n);
        }
        at = 0;
      }
    };
  }

  private static void put(FloatBuffer to, float value, int times) {
    for (int i = 0; i < times; i++) {
      to.put(value);
    }
  }
}
