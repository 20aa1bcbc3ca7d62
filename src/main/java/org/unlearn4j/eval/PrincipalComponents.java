package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;

/**
 * The directions in which rows vary most.
 *
 * <p>A direction's sign is arbitrary in theory and fixed here: its entry of largest magnitude is
 * positive, so that pictures of the same data are the same.
 */
final class PrincipalComponents {
  /** Directions with less than this share of the variance are rounding noise. */
  private static final double LEAST_SHARE = 1e-12;

  private final double[] mean;
  private final List<double[]> directions;
  private final List<Double> explained;

  private PrincipalComponents(double[] mean, List<double[]> directions, List<Double> explained) {
    this.mean = mean;
    this.directions = directions;
    this.explained = explained;
  }

  /**
   * Fits at most {@code count} directions: fewer where the rows span fewer.
   *
   * <p>Works on the smaller of the two Gram matrices, rows by rows or hidden by hidden, which have
   * the same eigenvalues but 0.
   *
   * @param rows {@code [row][hidden]}, not centred
   */
  static PrincipalComponents fit(double[][] rows, int count) {
    double[][] centred = Vectors.centred(rows);
    boolean byRows = rows.length <= centred[0].length;
    double[][] gram = Vectors.gram(byRows ? centred : Vectors.transposed(centred));
    double total = 0;
    for (int i = 0; i < gram.length; i++) {
      total += gram[i][i];
    }
    List<double[]> directions = new ArrayList<>();
    List<Double> explained = new ArrayList<>();
    if (total > 0) { // neither all rows alike nor NaN among them
      EigenDecomposition eigen = new EigenDecomposition(new Array2DRowRealMatrix(gram, false));
      for (int k = 0; k < Math.min(count, gram.length); k++) {
        double share = eigen.getRealEigenvalue(k) / total;
        if (!(share > LEAST_SHARE)) {
          break;
        }
        double[] vector = eigen.getEigenvector(k).toArray();
        directions.add(oriented(byRows ? combined(centred, vector) : vector));
        explained.add(share);
      }
    }
    return new PrincipalComponents(Vectors.mean(rows), directions, explained);
  }

  /** Unit vectors {@code [direction][hidden]}, largest variance first. */
  List<double[]> directions() {
    return directions;
  }

  /** Share of the total variance of each direction. */
  List<Double> explained() {
    return explained;
  }

  /** A row's coordinates along the directions. */
  double[] project(double[] row) {
    double[] coordinates = new double[directions.size()];
    for (int k = 0; k < coordinates.length; k++) {
      coordinates[k] = Vectors.dot(row, directions.get(k)) - Vectors.dot(mean, directions.get(k));
    }
    return coordinates;
  }

  private static double[] combined(double[][] rows, double[] weights) {
    double[] sum = new double[rows[0].length];
    for (int r = 0; r < rows.length; r++) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += weights[r] * rows[r][i];
      }
    }
    return sum;
  }

  private static double[] oriented(double[] vector) {
    int largest = 0;
    for (int i = 1; i < vector.length; i++) {
      // a little more than equal, or rounding would decide between two like entries
      if (Math.abs(vector[i]) > Math.abs(vector[largest]) * (1 + 1e-9)) {
        largest = i;
      }
    }
    double scale = Math.copySign(1 / Vectors.norm(vector), vector[largest]);
    double[] oriented = new double[vector.length];
    for (int i = 0; i < vector.length; i++) {
      oriented[i] = vector[i] * scale;
    }
    return oriented;
  }
}
