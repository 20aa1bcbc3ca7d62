package org.unlearn4j.unlearn;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Where RMU steers the activations of what shall be forgotten: a fixed vector, {@code [hidden]}.
 *
 * @param components immutable, so that a graph built from it is a function of it
 */
public record ControlVector(List<Float> components) {
  public ControlVector {
    components = List.copyOf(components);
  }

  /**
   * {@code length * u}, u a unit vector whose components were drawn uniformly from 0 to 1 (Li et
   * al. 2024): a function of the seed alone.
   *
   * @param length the steering coefficient
   * @param hidden width of the residual stream
   */
  public static ControlVector drawn(long seed, int hidden, double length) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] drawn = random.doubles(hidden).toArray();
    double square = 0;
    for (double v : drawn) {
      square += v * v;
    }
    double scale = length / Math.sqrt(square);
    return new ControlVector(
        java.util.Arrays.stream(drawn).mapToObj(v -> (float) (v * scale)).toList());
  }

  float[] values() {
    float[] values = new float[components.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = components.get(i);
    }
    return values;
  }
}
