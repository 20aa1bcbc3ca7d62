package org.unlearn4j.surgery;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * The directions of a symmetric matrix without negative eigenvalues, and how two sets of them lie
 * to each other.
 *
 * @param energies eigenvalues, largest first; what rounding made negative is 0
 * @param directions orthonormal eigenvectors, {@code [rank][width]}
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
public record Subspace(double[] energies, double[][] directions) {
  /** Directions with less than this share of the energy are rounding noise. */
  private static final double LEAST_SHARE = 1e-12;

  /**
   * Decomposes a matrix.
   *
   * @param moments {@code [width][width]}, symmetric
   * @throws IllegalArgumentException if some number of it is none
   */
  public static Subspace of(double[][] moments) {
    double trace = 0;
    for (double[] row : moments) {
      for (double v : row) {
        if (!Double.isFinite(v)) {
          throw new IllegalArgumentException("a moment of " + v);
        }
      }
    }
    for (int i = 0; i < moments.length; i++) {
      trace += moments[i][i];
    }
    if (trace == 0) {
      return new Subspace(new double[moments.length], new double[0][]);
    }
    EigenDecomposition eigen = new EigenDecomposition(new Array2DRowRealMatrix(moments, false));
    RealMatrix columns = eigen.getV(); // in the order of falling eigenvalues
    double[] energies = new double[moments.length];
    List<double[]> directions = new ArrayList<>();
    for (int k = 0; k < energies.length; k++) {
      energies[k] = Math.max(0, eigen.getRealEigenvalue(k));
      if (energies[k] > LEAST_SHARE * trace) {
        directions.add(columns.getColumn(k));
      }
    }
    return new Subspace(energies, directions.toArray(double[][]::new));
  }

  /** The first {@code most} directions, fewer where there are fewer. */
  public double[][] top(int most) {
    return Arrays.copyOf(directions, Math.min(most, directions.length));
  }

  /**
   * Principal angles between the spans of two orthonormal sets, in degrees, smallest first: the arc
   * cosines of the singular values of {@code A B^T} (Björck and Golub 1973). As many as the smaller
   * set has directions.
   *
   * @param a {@code [rank][width]}
   * @param b {@code [rank][width]}
   */
  public static double[] angles(double[][] a, double[][] b) {
    if (a.length == 0 || b.length == 0) {
      return new double[0];
    }
    double[][] products = new double[a.length][b.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b.length; j++) {
        products[i][j] = Projection.dot(a[i], b[j]);
      }
    }
    double[] cosines =
        new SingularValueDecomposition(new Array2DRowRealMatrix(products, false))
            .getSingularValues();
    double[] degrees = new double[Math.min(a.length, b.length)];
    for (int k = 0; k < degrees.length; k++) {
      degrees[k] = Math.toDegrees(Math.acos(Math.min(1, cosines[k])));
    }
    return degrees;
  }
}
