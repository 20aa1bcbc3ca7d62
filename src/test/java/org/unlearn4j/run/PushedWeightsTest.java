package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;

class PushedWeightsTest {
  private static final Parameter MATRIX = parameter("a.weight", 4);
  private static final Parameter NORM = parameter("norm.weight", 4);

  private static Parameter parameter(String name, int size) {
    return new Parameter(name, List.of(size), Parameter.Init.ONES);
  }

  private static WeightSource of(float... values) {
    return (p, from, to) -> {
      int count = to.remaining();
      FloatBuffer at = to.duplicate();
      at.put(values, (int) from, count);
    };
  }

  @Test
  void theSmallestWeightsOfAMatrixBecomeZero() {
    WeightSource pruned =
        PushedWeights.pruned(of(3, -1, 2, -4), Set.of(MATRIX), 0.5); // 1 and 2 are the smaller half
    assertArrayEquals(new float[] {3, 0, 0, -4}, pruned.all(MATRIX));
    assertArrayEquals(new float[] {3, -1, 2, -4}, pruned.all(NORM), "norms are left alone");
    WeightSource quarter = PushedWeights.pruned(of(3, -1, 2, -4), Set.of(MATRIX), 0.25);
    FloatBuffer piece = FloatBuffer.allocate(2);
    quarter.read(MATRIX, 1, piece);
    assertArrayEquals(new float[] {0, 2}, piece.array(), "the limit is of the whole matrix");
    WeightSource none = PushedWeights.pruned(of(0, -1, 2, -4), Set.of(MATRIX), 0.1);
    assertArrayEquals(new float[] {0, -1, 2, -4}, none.all(MATRIX), "0.4 of a weight is none");
  }

  @Test
  void mergingGoesAShareOfTheWayOfEveryParameter() {
    WeightSource merged = PushedWeights.merged(of(1, 2, 0, -1), of(3, 6, 0, 1), 0.25);
    assertArrayEquals(new float[] {1.5f, 3, 0, -0.5f}, merged.all(NORM));
    FloatBuffer piece = FloatBuffer.allocate(1);
    merged.read(NORM, 3, piece);
    assertEquals(-0.5f, piece.get(0));
    WeightSource whole = PushedWeights.merged(of(1, 2, 0, -1), of(3, 6, 0, 1), 1);
    assertArrayEquals(new float[] {3, 6, 0, 1}, whole.all(MATRIX));
  }

  @Test
  void noiseIsGaussianOfTheMatrixsSize() {
    int n = 40_000;
    Parameter wide = parameter("wide", n);
    Parameter other = parameter("other", n);
    float[] own = new float[n];
    for (int i = 0; i < n; i++) {
      own[i] = i % 2 == 0 ? 2 : -2;
    }
    Set<Parameter> matrices = Set.of(wide, other);
    float[] pushed = PushedWeights.noise(of(own), matrices, 0.1, 7).all(wide);
    double sum = 0;
    double squares = 0;
    int within = 0;
    for (int i = 0; i < n; i++) {
      double noise = pushed[i] - own[i];
      sum += noise;
      squares += noise * noise;
      within += Math.abs(noise) < 0.2 ? 1 : 0;
    }
    // Root mean square of the weights: 2. Standard errors: 0.001 of the mean, 0.0007 of the spread.
    assertEquals(0, sum / n, 0.004);
    assertEquals(0.2, Math.sqrt(squares / n), 0.003);
    assertEquals(0.6827, (double) within / n, 0.01, "the share of a normal within one deviation");
    assertArrayEquals(pushed, PushedWeights.noise(of(own), matrices, 0.1, 7).all(wide));
    FloatBuffer piece = FloatBuffer.allocate(3);
    PushedWeights.noise(of(own), matrices, 0.1, 7).read(wide, 1000, piece);
    assertArrayEquals(Arrays.copyOfRange(pushed, 1000, 1003), piece.array());
    assertFalse(
        Arrays.equals(pushed, PushedWeights.noise(of(own), matrices, 0.1, 8).all(wide)), "seed");
    assertFalse(
        Arrays.equals(pushed, PushedWeights.noise(of(own), matrices, 0.1, 7).all(other)), "name");
    assertTrue(
        Arrays.equals(own, PushedWeights.noise(of(own), Set.of(other), 0.1, 7).all(wide)),
        "no matrix of a block");
  }
}
