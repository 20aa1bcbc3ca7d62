package org.unlearn4j.surgery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.Arrays;
import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;

/** Directions of a change of weights, and what of an update lies in them. */
class WeightChangeTest {
  /** Weights are float32, of which sums and products are made in float64. */
  private static final double CLOSE = 1e-5;

  private static Parameter parameter(double[][] m) {
    return Parameter.matrix("w", m.length, m[0].length);
  }

  private static WeightSource source(double[][] m) {
    float[] flat = new float[m.length * m[0].length];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) m[i / m[0].length][i % m[0].length];
    }
    return (p, from, to) -> to.put(flat, (int) from, to.remaining());
  }

  private static WeightChange change(double[][] before, double[][] after) {
    return new WeightChange(parameter(before), source(before), source(after));
  }

  private static double[][] plus(double[][] a, double[][] b) {
    return new Array2DRowRealMatrix(a).add(new Array2DRowRealMatrix(b)).getData();
  }

  private static double[][] transposed(double[][] a) {
    return new Array2DRowRealMatrix(a).transpose().getData();
  }

  /** {@code factor u v^T}. */
  private static double[][] outer(double factor, double[] u, double[] v) {
    double[][] m = new double[u.length][v.length];
    for (int i = 0; i < u.length; i++) {
      for (int j = 0; j < v.length; j++) {
        m[i][j] = factor * u[i] * v[j];
      }
    }
    return m;
  }

  private static double[][] gaussian(int rows, int columns, long seed) {
    Random random = new Random(seed);
    double[][] m = new double[rows][columns];
    for (double[] row : m) {
      for (int i = 0; i < columns; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    return m;
  }

  /** u = (1, 2, 2), v = (3, 4): |u|^2 |v|^2 = 9 * 25. The matrix before has the energy 6 * 4. */
  @Test
  void aProductOfTwoVectorsIsOneDirection() {
    double[][] before = {{2, 2}, {2, -2}, {2, 2}};
    double[][] uv = outer(1, new double[] {1, 2, 2}, new double[] {3, 4});
    for (boolean wide : new boolean[] {false, true}) {
      double[][] from = wide ? transposed(before) : before;
      WeightChange c = change(from, plus(from, wide ? transposed(uv) : uv));
      assertClose("energy", 225, c.spectrum().energy(), 0, 1e-12);
      assertClose("relative", 225.0 / 24, c.relativeEnergy(), 0, 1e-12);
      assertClose("rank", 1, c.spectrum().effectiveRank(), CLOSE, 0);
      assertEquals(1, c.spectrum().half());
      assertEquals(1, c.spectrum().nearlyAll());
    }
  }

  /**
   * Singular values 3 and 1: shares 0.9 and 0.1 of the energy 10, {@code exp(-0.9 ln 0.9 - 0.1 ln
   * 0.1)} directions; those of values that are not squared, 0.75 and 0.25, would be 1.755.
   */
  @Test
  void theEntropyIsThatOfSquares() {
    Spectrum s =
        change(new double[4][3], new double[][] {{0, 0, 0}, {0, 3, 0}, {0, 0, 0}, {1, 0, 0}})
            .spectrum();
    assertClose("energy", 10, s.energy(), 0, 1e-12);
    assertClose("rank", 1.3841454884, s.effectiveRank(), 1e-9, 0);
    assertTrue(s.effectiveRank() < 1.5, "not of the values themselves");
    assertEquals(1, s.half());
    assertEquals(1, s.most(), "nine tenths are held by one, rounding or not");
    assertEquals(2, s.nearlyAll());
  }

  /** Ten equal ones: half are five, 90 % nine, 99 % all. */
  @Test
  void equalDirectionsCountInFull() {
    double[][] after = new double[10][10];
    for (int i = 0; i < 10; i++) {
      after[i][9 - i] = 0.3;
    }
    Spectrum s = change(new double[10][10], after).spectrum();
    assertClose("rank", 10, s.effectiveRank(), 1e-9, 0);
    assertEquals(5, s.half());
    assertEquals(9, s.most());
    assertEquals(10, s.nearlyAll());
  }

  /**
   * The change is 5 u v^T, the update 2 u v^T + u w^T + 2 z w^T, where u and z, and v and w, are
   * perpendicular unit vectors: |D|^2 = 9, of which 4 lie in both subspaces. Along the way back are
   * -2 of length 3. Whoever projects from one side alone finds 5 / 9.
   */
  @Test
  void whatLiesInTheDirectionsOfTheChange() {
    double[] u = {0.6, 0.8, 0};
    double[] z = {0, 0, 1};
    double[] v = {0.8, 0.6};
    double[] w = {-0.6, 0.8};
    double[][] after = gaussian(3, 2, 1);
    double[][] before = plus(after, outer(-5, u, v));
    double[][] update = plus(plus(outer(2, u, v), outer(1, u, w)), outer(2, z, w));
    for (boolean wide : new boolean[] {false, true}) {
      double[][] from = wide ? transposed(before) : before;
      double[][] to = wide ? transposed(after) : after;
      double[][] by = wide ? transposed(update) : update;
      WeightChange.Update found = change(from, to).update(source(plus(to, by)));
      assertClose("energy", 9, found.energy(), 0, CLOSE);
      assertClose("inside", 4.0 / 9, found.inside(), CLOSE, 0);
      assertTrue(found.inside() < 0.5, "from both sides");
      assertClose("by chance", 1.0 / 6, found.byChance(), 1e-12, 0);
      assertClose("cosine", -2.0 / 3, found.cosine(), CLOSE, 0);
    }
  }

  /** What takes the change back is all inside, what stands across it not at all. */
  @Test
  void backAndAcross() {
    double[][] after = gaussian(4, 3, 2);
    double[][] before = plus(after, new double[][] {{2, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}});
    WeightChange c = change(before, after);
    WeightChange.Update back = c.update(source(before));
    assertClose("inside", 1, back.inside(), CLOSE, 0);
    assertClose("cosine", 1, back.cosine(), CLOSE, 0);
    double[][] across = {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}, {0, 0, 0}};
    WeightChange.Update other = c.update(source(plus(after, across)));
    assertClose("inside", 0, other.inside(), CLOSE, 0);
    assertClose("cosine", 0, other.cosine(), CLOSE, 0);
  }

  /** Against singular vectors of another decomposition, and {@code |U U^T D V V^T|^2} in full. */
  @ParameterizedTest
  @CsvSource({"7, 5", "5, 7", "6, 6"})
  void asTheSingularVectorsSay(int rows, int columns) {
    double[][] before = gaussian(rows, columns, 3);
    double[][] after = gaussian(rows, columns, 4);
    double[][] updated = gaussian(rows, columns, 5);
    RealMatrix change = new Array2DRowRealMatrix(after).subtract(new Array2DRowRealMatrix(before));
    RealMatrix d = new Array2DRowRealMatrix(updated).subtract(new Array2DRowRealMatrix(after));
    SingularValueDecomposition svd = new SingularValueDecomposition(change);
    double energy = Math.pow(change.getFrobeniusNorm(), 2);
    double entropy = 0;
    int r = 0;
    double held = 0;
    for (double s : svd.getSingularValues()) {
      entropy -= s * s / energy * Math.log(s * s / energy);
      r += held < 0.9 * energy ? 1 : 0;
      held += s * s;
    }
    RealMatrix u = svd.getU().getSubMatrix(0, rows - 1, 0, r - 1);
    RealMatrix v = svd.getV().getSubMatrix(0, columns - 1, 0, r - 1);
    RealMatrix inside = u.multiply(u.transpose()).multiply(d).multiply(v).multiply(v.transpose());
    double share = Math.pow(inside.getFrobeniusNorm() / d.getFrobeniusNorm(), 2);
    WeightChange c = change(before, after);
    WeightChange.Update found = c.update(source(updated));
    assertClose("energy", energy, c.spectrum().energy(), 0, CLOSE);
    assertClose("rank", Math.exp(entropy), c.spectrum().effectiveRank(), 0, CLOSE);
    assertEquals(r, c.spectrum().most());
    assertClose("inside", share, found.inside(), CLOSE, 0);
    assertClose("by chance", (double) r * r / (rows * columns), found.byChance(), 1e-12, 0);
    assertTrue(share > 0.01 && share < 0.99, "not a share that anything would give: " + share);
  }

  /**
   * An update of no direction of its own is inside by chance: r = 1 of 6 and of 5. The mean of 2000
   * draws has a standard error of a thousandth.
   */
  @Test
  void whatChanceGives() {
    double[][] after = gaussian(6, 5, 6);
    double[][] before = plus(after, outer(3, gaussian(1, 6, 7)[0], gaussian(1, 5, 8)[0]));
    WeightChange c = change(before, after);
    double mean = 0;
    for (int draw = 0; draw < 2000; draw++) {
      WeightChange.Update found = c.update(source(plus(after, gaussian(6, 5, 100 + draw))));
      assertClose("by chance", 1.0 / 30, found.byChance(), 1e-12, 0);
      mean += found.inside() / 2000;
    }
    assertClose("mean", 1.0 / 30, mean, 5e-3, 0);
  }

  /** More than a strip: what is one direction of all rows stays one. */
  @ParameterizedTest
  @CsvSource({"300000, 2", "2, 300000"})
  void stripsAreOneMatrix(int rows, int columns) {
    double[] u = new double[rows];
    double[] v = new double[columns];
    Arrays.setAll(u, i -> i % 3 - 1); // a third each of -1, 0 and 1
    Arrays.setAll(v, i -> i % 3 - 1);
    double energy = 0;
    for (double a : u) {
      for (double b : v) {
        energy += a * a * b * b;
      }
    }
    double[][] zero = new double[rows][columns];
    double[][] one = outer(1, u, v);
    WeightChange c = change(zero, one);
    assertClose("energy", energy, c.spectrum().energy(), 0, 1e-12);
    assertClose("rank", 1, c.spectrum().effectiveRank(), CLOSE, 0);
    assertClose("inside", 1, c.update(source(zero)).inside(), CLOSE, 0);
  }

  @Test
  void nothingChangedHasNoDirections() {
    double[][] same = gaussian(3, 4, 9);
    WeightChange c = change(same, same);
    assertEquals(new Spectrum(0, 0, 0, 0, 0), c.spectrum());
    assertTrue(Double.isNaN(c.update(source(gaussian(3, 4, 10))).inside()));
    assertTrue(
        Double.isNaN(change(same, gaussian(3, 4, 11)).update(source(gaussian(3, 4, 11))).inside()));
  }

  @Test
  void whatIsNoNumberIsRefused() {
    double[][] broken = gaussian(3, 4, 12);
    broken[1][2] = Double.NaN;
    double[][] whole = gaussian(3, 4, 13);
    assertThrows(IllegalArgumentException.class, () -> change(whole, broken));
  }
}
