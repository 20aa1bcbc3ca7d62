package org.unlearn4j.run;

import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.zip.CRC32;
import org.unlearn4j.base.SplitMix;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;

/**
 * Weights that were pushed. What becomes of a weight depends on the whole parameter, its place in
 * it and a seed, never on the pieces in which it is read.
 */
final class PushedWeights {
  /** SplitMix64's increment: the golden ratio in 64 bits (Steele, Lea and Flood, 2014). */
  private PushedWeights() {}

  /** One weight: its place in the parameter, and its value. */
  @FunctionalInterface
  private interface Change {
    double of(long at, float value);
  }

  /**
   * Gaussian noise on matrices.
   *
   * @param share standard deviation over a matrix's root mean square
   */
  static WeightSource noise(WeightSource own, Set<Parameter> matrices, double share, long seed) {
    Map<Parameter, Double> spreads = new HashMap<>();
    return (p, from, to) -> {
      double spread =
          matrices.contains(p)
              ? share
                  * spreads.computeIfAbsent(p, q -> known(own, q, PushedWeights::rootMeanSquare))
              : 0;
      long key = SplitMix.mix(seed + crc(p.name()));
      read(
          own,
          p,
          from,
          to,
          (at, value) -> spread == 0 ? value : value + spread * gaussian(key, at));
    };
  }

  /**
   * The smallest weights of each matrix, by magnitude, become zero (Han et al., 2015).
   *
   * @param share of a matrix's weights
   */
  static WeightSource pruned(WeightSource own, Set<Parameter> matrices, double share) {
    Map<Parameter, Double> limits = new HashMap<>();
    return (p, from, to) -> {
      double limit =
          matrices.contains(p)
              ? limits.computeIfAbsent(p, q -> known(own, q, all -> smallest(all, share)))
              : -1;
      read(own, p, from, to, (at, value) -> Math.abs(value) <= limit ? 0 : value);
    };
  }

  /** {@code w + share (target - w)} of every parameter. */
  static WeightSource merged(WeightSource own, WeightSource target, double share) {
    return (p, from, to) -> {
      FloatBuffer other = FloatBuffer.allocate(to.remaining());
      target.read(p, from, other);
      read(
          own,
          p,
          from,
          to,
          (at, value) -> value + share * (other.get((int) (at - from)) - (double) value));
    };
  }

  private static void read(
      WeightSource own, Parameter p, long from, FloatBuffer to, Change change) {
    int start = to.position();
    own.read(p, from, to);
    for (int i = start; i < to.limit(); i++) {
      to.put(i, (float) change.of(from + i - start, to.get(i)));
    }
  }

  private static double known(WeightSource own, Parameter p, ToDoubleFunction<float[]> of) {
    return of.applyAsDouble(own.all(p));
  }

  private static double rootMeanSquare(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += (double) v * v;
    }
    return Math.sqrt(sum / values.length);
  }

  /** The largest magnitude among the given share of smallest ones; -1 of none. */
  private static double smallest(float[] values, double share) {
    float[] magnitudes = values.clone();
    for (int i = 0; i < magnitudes.length; i++) {
      magnitudes[i] = Math.abs(magnitudes[i]);
    }
    Arrays.sort(magnitudes);
    int count = (int) Math.round(share * magnitudes.length);
    return count == 0 ? -1 : magnitudes[count - 1];
  }

  private static long crc(String name) {
    CRC32 crc = new CRC32();
    crc.update(name.getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }

  /** A standard normal number of a place: Box and Muller (1958) of two numbers of SplitMix64. */
  private static double gaussian(long key, long at) {
    double u = 1 - SplitMix.uniform(key + (2 * at + 1) * SplitMix.GOLDEN); // never 0
    double v = SplitMix.uniform(key + (2 * at + 2) * SplitMix.GOLDEN);
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  }
}
