package org.unlearn4j.surgery;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Generalised eigenvectors of two second moments. */
class DirectionsTest {
  private static final double[][] FORGET = {
    {14, 1, -1, 6}, {1, 7, -3, 0}, {-1, -3, 18, -3}, {6, 0, -3, 6}
  };
  private static final double[][] RETAIN = {
    {11, -3, 7, 0}, {-3, 21, -5, 13}, {7, -5, 8, -2}, {0, 13, -2, 14}
  };

  /** Values of scipy.linalg.eigh(C_f, C_r + 1e-3 tr(C_r) / 4 I), and QR of its vectors. */
  @Test
  void areThoseOfAnIndependentImplementation() {
    Directions d = Directions.of(FORGET, RETAIN, 4);
    double[] ratios = {
      8.037563729005475, 1.4216491047957442, 0.9421589363892865, 0.1142328519930724
    };
    assertArrayEquals(ratios, d.ratios(), 1e-12);
    double[] forget = {0.38501021211472575, 0.5091001397449981, 0.8377531045913743, 1};
    assertArrayEquals(forget, d.forget(), 1e-12);
    double[] retain = {0.03966779776141657, 0.11151662072677215, 0.3953415006204125, 1};
    assertArrayEquals(retain, d.retain(), 1e-12);
    double[] first = {
      0.5744306852407457, -0.14306854384303652, -0.8025391223147117, 0.074106253250400
    };
    double sign = Math.signum(d.basis()[0][0]);
    for (int i = 0; i < first.length; i++) {
      assertEquals(first[i], sign * d.basis()[0][i], 1e-12);
    }
  }

  /**
   * By hand: energies (8, 3, 1) and (2, 1, 4) along the axes of one rotation, by 36.87 degrees
   * about the third axis (3-4-5). The ridge, a thousandth of 7/3, stands beside each of the latter.
   */
  @Test
  void byHand() {
    double[][] turned = {{0.8, 0.6, 0}, {-0.6, 0.8, 0}, {0, 0, 1}};
    Directions d = Directions.of(moments(turned, 8, 3, 1), moments(turned, 2, 1, 4), 2);
    double ridge = 1e-3 * 7 / 3;
    assertArrayEquals(new double[] {8 / (2 + ridge), 3 / (1 + ridge)}, d.ratios(), 1e-12);
    assertArrayEquals(new double[] {8.0 / 12, 11.0 / 12}, d.forget(), 1e-12);
    assertArrayEquals(new double[] {2.0 / 7, 3.0 / 7}, d.retain(), 1e-12);
    assertEquals(1, Math.abs(Projection.dot(turned[0], d.basis()[0])), 1e-12);
    assertEquals(1, Math.abs(Projection.dot(turned[1], d.basis()[1])), 1e-12);
    // As many as cost no more than what may be given up.
    assertEquals(0, d.recommended(0.28));
    assertEquals(1, d.recommended(0.29));
    assertEquals(2, d.recommended(1));
  }

  /** What has no energy at all does not divide by 0. */
  @Test
  void aDirectionThatNobodyUsesCountsForNothing() {
    double[][] axes = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    Directions d = Directions.of(moments(axes, 0, 2, 1), moments(axes, 0, 1, 1), 3);
    assertEquals(2 / (1 + 2e-3 / 3), d.ratios()[0], 1e-12);
    assertEquals(0, d.ratios()[2], 1e-12);
  }

  @Test
  void noEnergyIsRefused() {
    double[][] nothing = new double[4][4];
    assertThrows(IllegalArgumentException.class, () -> Directions.of(FORGET, nothing, 1));
    double[][] none = new double[4][4];
    none[2][2] = Double.NaN;
    assertThrows(IllegalArgumentException.class, () -> Directions.of(none, RETAIN, 1));
  }

  /** (1, 2), (3, 0): means of squares 5 and 2, of the product 1. */
  @Test
  void momentsAreMeans() {
    SecondMoments m = new SecondMoments(2);
    assertThrows(IllegalStateException.class, m::mean);
    m.add(new float[] {1, 2});
    m.add(new float[] {3, 0});
    assertArrayEquals(new double[] {5, 1}, m.mean()[0]);
    assertArrayEquals(new double[] {1, 2}, m.mean()[1]);
    assertEquals(2, m.count());
  }

  @Test
  void aBasisLeavesOutWhatDepends() {
    double[][] basis = Projection.orthonormal(new double[][] {{3, 0, 4}, {6, 0, 8}, {3, 5, 4}});
    assertEquals(2, basis.length);
    assertArrayEquals(new double[] {0.6, 0, 0.8}, basis[0], 1e-15);
    assertArrayEquals(new double[] {0, 1, 0}, basis[1], 1e-15);
    assertTrue(Math.abs(Projection.dot(basis[0], basis[1])) < 1e-15);
  }

  /** Sum of {@code energies[i] axes[i] axes[i]^T}. */
  private static double[][] moments(double[][] axes, double... energies) {
    double[][] sum = new double[3][3];
    for (int k = 0; k < 3; k++) {
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
          sum[i][j] += energies[k] * axes[k][i] * axes[k][j];
        }
      }
    }
    return sum;
  }
}
