package org.unlearn4j.train;

import java.nio.FloatBuffer;
import java.util.Random;
import java.util.function.Function;
import org.unlearn4j.nn.Parameter;

/** Random weights: matrices from N(0, standard deviation), gains one, biases zero. */
public final class FreshWeights {
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
}
