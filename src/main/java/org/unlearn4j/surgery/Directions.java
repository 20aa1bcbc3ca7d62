package org.unlearn4j.surgery;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * Directions in which one set of vectors has much energy for what another one has: generalised
 * eigenvectors of {@code C_f v = lambda (C_r + ridge tr(C_r) / width I) v}, largest lambda first.
 *
 * @param basis orthonormal, {@code [rank][width]}: the first k of them span the first k
 *     eigenvectors
 * @param ratios lambda of each
 * @param forget {@code tr(U^T C_f U) / tr(C_f)} of the first 1, 2, ... of them
 * @param retain the same of {@code C_r}
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
public record Directions(double[][] basis, double[] ratios, double[] forget, double[] retain) {

  /**
   * Share of the retain set's mean energy that every direction is taken to have at least, so that a
   * direction in which neither set has any is not one in which the forget set has more.
   */
  static final double RIDGE = 1e-3;

  /**
   * Finds them.
   *
   * @param forget C_f, {@code [width][width]}, symmetric
   * @param retain C_r
   * @param most directions at most
   * @throws IllegalArgumentException if the retain set has no energy at all, or some number is none
   */
  public static Directions of(double[][] forget, double[][] retain, int most) {
    return of(forget, retain, most, RIDGE);
  }

  static Directions of(double[][] forget, double[][] retain, int most, double ridge) {
    int width = forget.length;
    double energy = trace(retain);
    if (!(energy > 0) || !Double.isFinite(energy + trace(forget))) {
      throw new IllegalArgumentException("energies " + trace(forget) + " and " + energy);
    }
    double[][] floor = copy(retain);
    for (int i = 0; i < width; i++) {
      floor[i][i] += ridge * energy / width;
    }
    double[][] l =
        new CholeskyDecomposition(new Array2DRowRealMatrix(floor, false), 1e-9, 0).getL().getData();
    double[][] whitened = copy(forget); // to be L^-1 C_f L^-T
    solveLower(l, whitened);
    whitened = transposed(whitened);
    solveLower(l, whitened);
    symmetrise(whitened);
    EigenDecomposition eigen = new EigenDecomposition(new Array2DRowRealMatrix(whitened, false));
    int rank = Math.min(most, width);
    double[][] vectors = new double[rank][];
    double[] ratios = new double[rank];
    RealMatrix columns = eigen.getV(); // in the order of falling eigenvalues
    for (int k = 0; k < rank; k++) {
      vectors[k] = columns.getColumn(k);
      solveLowerTransposed(l, vectors[k]);
      ratios[k] = eigen.getRealEigenvalue(k);
    }
    double[][] basis = Projection.orthonormal(vectors);
    return new Directions(
        basis, Arrays.copyOf(ratios, basis.length), shares(basis, forget), shares(basis, retain));
  }

  /**
   * How many of the first may be taken out.
   *
   * @param energy of the retain set that may be given up, as a share of all of it
   */
  public int recommended(double energy) {
    int k = 0;
    while (k < retain.length && retain[k] <= energy) {
      k++;
    }
    return k;
  }

  /** The first {@code k} of the basis, {@code [k][width]}. */
  public double[][] first(int k) {
    return Arrays.copyOf(basis, k);
  }

  /** Energy along the first 1, 2, ... of orthonormal vectors, as a share of all of it. */
  public static double[] shares(double[][] basis, double[][] moments) {
    double all = trace(moments);
    double[] shares = new double[basis.length];
    double sum = 0;
    for (int k = 0; k < basis.length; k++) {
      for (int i = 0; i < moments.length; i++) {
        sum += basis[k][i] * Projection.dot(moments[i], basis[k]);
      }
      shares[k] = sum / all;
    }
    return shares;
  }

  private static double trace(double[][] a) {
    double trace = 0;
    for (int i = 0; i < a.length; i++) {
      trace += a[i][i];
    }
    return trace;
  }

  private static double[][] copy(double[][] a) {
    return Arrays.stream(a).map(double[]::clone).toArray(double[][]::new);
  }

  private static double[][] transposed(double[][] a) {
    return new Array2DRowRealMatrix(a, false).transpose().getData();
  }

  /** The same from both sides, or the decomposition takes it for one that is not. */
  private static void symmetrise(double[][] a) {
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < i; j++) {
        a[i][j] = (a[i][j] + a[j][i]) / 2;
        a[j][i] = a[i][j];
      }
    }
  }

  /** {@code b = L^-1 b}, all columns at once. */
  private static void solveLower(double[][] l, double[][] b) {
    for (int i = 0; i < l.length; i++) {
      for (int j = 0; j < i; j++) {
        double factor = l[i][j];
        for (int c = 0; c < b[i].length; c++) {
          b[i][c] -= factor * b[j][c];
        }
      }
      for (int c = 0; c < b[i].length; c++) {
        b[i][c] /= l[i][i];
      }
    }
  }

  /** {@code x = L^-T x}. */
  private static void solveLowerTransposed(double[][] l, double[] x) {
    for (int i = l.length - 1; i >= 0; i--) {
      for (int j = i + 1; j < l.length; j++) {
        x[i] -= l[j][i] * x[j];
      }
      x[i] /= l[i][i];
    }
  }
}
