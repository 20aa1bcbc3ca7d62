package org.unlearn4j.surgery;

/**
 * The mean of {@code x x^T} over vectors that come one after the other, in float64. Takes {@code
 * width^2} numbers, however many vectors there are.
 */
public final class SecondMoments {
  private final double[][] sum; // upper triangle
  private long count;

  public SecondMoments(int width) {
    sum = new double[width][width];
  }

  /** Adds a vector, {@code [width]}. */
  public void add(float[] x) {
    for (int i = 0; i < sum.length; i++) {
      double xi = x[i];
      double[] row = sum[i];
      for (int j = i; j < row.length; j++) {
        row[j] += xi * x[j];
      }
    }
    count++;
  }

  /** Adds a vector, {@code [width]}. */
  public void add(double[] x) {
    for (int i = 0; i < sum.length; i++) {
      double xi = x[i];
      double[] row = sum[i];
      for (int j = i; j < row.length; j++) {
        row[j] += xi * x[j];
      }
    }
    count++;
  }

  /** Vectors so far. */
  public long count() {
    return count;
  }

  /**
   * The mean, {@code [width][width]}, symmetric.
   *
   * @throws IllegalStateException if there were no vectors
   */
  public double[][] mean() {
    if (count == 0) {
      throw new IllegalStateException("no vectors");
    }
    double[][] mean = new double[sum.length][sum.length];
    for (int i = 0; i < sum.length; i++) {
      for (int j = i; j < sum.length; j++) {
        mean[i][j] = sum[i][j] / count;
        mean[j][i] = mean[i][j];
      }
    }
    return mean;
  }
}
