package org.unlearn4j.surgery;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;

/** The closed form against the loss that it minimises, token by token. */
class RedirectionTest {
  private static final int IN = 6;
  private static final int OUT = 4;
  private static final double RIDGE = 0.05;

  private final Random random = new Random(5);
  private final float[][] forget = vectors(9, 0.7);
  private final float[][] retain = vectors(14, -0.4);
  private final double[] move = {0.5, -1, 2, 0.25};

  /** With a mean, or forget tokens would have no direction of their own. */
  private float[][] vectors(int count, double mean) {
    float[][] vectors = new float[count][IN];
    for (float[] x : vectors) {
      for (int i = 0; i < IN; i++) {
        x[i] = (float) (random.nextGaussian() + (i % 2 == 0 ? mean : 0));
      }
    }
    return vectors;
  }

  private static SecondMoments moments(float[][] vectors) {
    SecondMoments moments = new SecondMoments(IN);
    for (float[] x : vectors) {
      moments.add(x);
    }
    return moments;
  }

  private static double[] mean(float[][] vectors) {
    double[] mean = new double[IN];
    for (float[] x : vectors) {
      for (int i = 0; i < IN; i++) {
        mean[i] += (double) x[i] / vectors.length;
      }
    }
    return mean;
  }

  private static double made(double[][] change, float[] x, int out) {
    double y = 0;
    for (int i = 0; i < IN; i++) {
      y += change[out][i] * x[i];
    }
    return y;
  }

  /** The loss of {@code W' = W + change}, as its definition says it: W itself does not matter. */
  private double loss(double[][] change) {
    double sum = 0;
    double energy = 0;
    for (float[][] set : new float[][][] {forget, retain}) {
      for (float[] x : set) {
        for (int o = 0; o < OUT; o++) {
          sum += Math.pow(made(change, x, o) - (set == forget ? move[o] : 0), 2);
        }
        for (float v : x) {
          energy += (double) v * v / IN;
        }
      }
    }
    for (double[] row : change) {
      for (double v : row) {
        sum += RIDGE * energy * v * v;
      }
    }
    return sum;
  }

  private static double[][] change(Redirection found) {
    double[][] change = new double[OUT][IN];
    for (int o = 0; o < OUT; o++) {
      for (int i = 0; i < IN; i++) {
        change[o][i] = found.change(o, i);
      }
    }
    return change;
  }

  /**
   * No slope in any weight: the loss is a square, so a central difference of any width is exact but
   * for rounding, 1e-16 of the loss (some 50) by a step of 1e-3.
   */
  private void assertMinimum(double[][] change) {
    for (int o = 0; o < OUT; o++) {
      for (int i = 0; i < IN; i++) {
        double stored = change[o][i];
        change[o][i] = stored + 1e-3;
        double above = loss(change);
        change[o][i] = stored - 1e-3;
        double below = loss(change);
        change[o][i] = stored;
        assertClose("slope of " + o + "," + i, 0, (above - below) / 2e-3, 1e-9, 0);
      }
    }
  }

  @Test
  void theChangeIsWhereTheLossIsLeast() {
    Redirection found = Redirection.of(move, mean(forget), moments(forget), moments(retain), RIDGE);
    double[][] change = change(found);
    assertMinimum(change);
    assertTrue(loss(change) < 0.9 * loss(new double[OUT][IN]), "something is redirected");
    // Plausible mistakes: no ridge, the sets in each other's place, a mean in place of a sum.
    for (Redirection other :
        new Redirection[] {
          Redirection.of(move, mean(forget), moments(forget), moments(retain), 0),
          Redirection.of(move, mean(retain), moments(retain), moments(forget), RIDGE),
          new Redirection(move, Arrays.stream(found.along()).map(v -> v / 9).toArray(), 0, 0)
        }) {
      assertThrows(AssertionFailedError.class, () -> assertMinimum(change(other)));
    }
  }

  /** What tokens make of the move, one by one. */
  @Test
  void sharesOfTheMoveAreThoseOfTheTokens() {
    Redirection found = Redirection.of(move, mean(forget), moments(forget), moments(retain), RIDGE);
    double[][] change = change(found);
    double moved = 0;
    for (float[] x : forget) {
      moved += made(change, x, 2) / move[2] / forget.length;
    }
    double square = 0;
    for (float[] x : retain) {
      square += Math.pow(made(change, x, 2) / move[2], 2) / retain.length;
    }
    assertClose("forget", moved, found.forget(), 1e-12, 0);
    assertClose("retain", Math.sqrt(square), found.retain(), 1e-12, 0);
    assertTrue(found.forget() > found.retain(), found.forget() + ", " + found.retain());
  }

  @Test
  void tokensWithoutAnyEnergyAreRefused() {
    SecondMoments none = moments(new float[3][IN]);
    assertThrows(
        IllegalArgumentException.class,
        () -> Redirection.of(move, new double[IN], none, none, RIDGE));
    SecondMoments broken = moments(new float[][] {{Float.NaN, 0, 0, 0, 0, 0}});
    assertThrows(
        IllegalArgumentException.class,
        () -> Redirection.of(move, new double[IN], broken, none, RIDGE));
  }
}
