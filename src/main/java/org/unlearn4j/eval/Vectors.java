package org.unlearn4j.eval;

/** Small arithmetic on rows of features, {@code [row][hidden]}. */
final class Vectors {
  private Vectors() {}

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  static double norm(double[] a) {
    return Math.sqrt(dot(a, a));
  }

  static double squaredDistance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
  }

  /** Every row scaled to length 1; a row of zeros has no direction and becomes NaN. */
  static double[][] normalised(double[][] rows) {
    double[][] unit = new double[rows.length][];
    for (int r = 0; r < rows.length; r++) {
      double norm = norm(rows[r]);
      unit[r] = new double[rows[r].length];
      for (int i = 0; i < unit[r].length; i++) {
        unit[r][i] = rows[r][i] / norm;
      }
    }
    return unit;
  }

  static double[] mean(double[][] rows) {
    double[] mean = new double[rows[0].length];
    for (double[] row : rows) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += row[i] / rows.length;
      }
    }
    return mean;
  }

  /** Every row less the mean row. */
  static double[][] centred(double[][] rows) {
    double[] mean = mean(rows);
    double[][] centred = new double[rows.length][mean.length];
    for (int r = 0; r < rows.length; r++) {
      for (int i = 0; i < mean.length; i++) {
        centred[r][i] = rows[r][i] - mean[i];
      }
    }
    return centred;
  }

  /** Inner products of all pairs of rows, {@code [rows][rows]}. */
  static double[][] gram(double[][] rows) {
    double[][] gram = new double[rows.length][rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j <= i; j++) {
        gram[i][j] = dot(rows[i], rows[j]);
        gram[j][i] = gram[i][j];
      }
    }
    return gram;
  }

  static double[][] transposed(double[][] rows) {
    double[][] columns = new double[rows[0].length][rows.length];
    for (int r = 0; r < rows.length; r++) {
      for (int i = 0; i < columns.length; i++) {
        columns[i][r] = rows[r][i];
      }
    }
    return columns;
  }
}
