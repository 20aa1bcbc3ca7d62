package org.unlearn4j.surgery;

import java.util.ArrayList;
import java.util.List;

/**
 * {@code P = I - strength U U^T}, folded into weights. Arithmetic is float64, one rounding to
 * float32 at the end.
 *
 * @param basis U, orthonormal, {@code [rank][width]}
 * @param strength 1 takes the directions out, 0 leaves all as it is
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
record Projection(double[][] basis, double strength) {
  /** What of a unit vector outside the others' span is rounding. */
  private static final double INDEPENDENT = 1e-8;

  /** A gain of this share of the largest one, or less, passes nothing on. */
  private static final double NO_GAIN = 1e-6;

  /**
   * Folds it into a map that writes: {@code W' = P W}, {@code b' = P b}, so that nothing is added
   * along the directions.
   *
   * @param stride distance of two components of one vector: 1 where each row of the stored matrix
   *     is a vector of the stream, else the number of vectors
   */
  void write(float[] w, int stride) {
    int width = basis[0].length;
    int vectors = w.length / width;
    double[] x = new double[width];
    for (int v = 0; v < vectors; v++) {
      int from = stride == 1 ? v * width : v;
      for (int i = 0; i < width; i++) {
        x[i] = w[from + i * stride];
      }
      double[] taken = taken(x);
      for (int i = 0; i < width; i++) {
        w[from + i * stride] = (float) (x[i] - taken[i]);
      }
    }
  }

  /**
   * Folds it into a map that reads {@code n = gain * r + shift}: {@code W' = W D P D^-1}, so that
   * the map sees {@code P r}; a feature without a gain is not read. The shift passes as it did:
   * {@code b' = b + factor (W - W') shift}.
   *
   * @param w weights, changed
   * @param stride distance of two weights of one output: 1 where each row of the stored matrix is
   *     an output, else the number of outputs
   * @param gain of the norm before it, {@code [width]}
   * @param shift of the norm, {@code [width]}
   * @param factor between the norm and the map
   * @return what the map's bias has to grow by, {@code [outputs]}
   */
  double[] read(float[] w, int stride, double[] gain, double[] shift, double factor) {
    int width = gain.length;
    int outputs = w.length / width;
    double least = NO_GAIN * largest(gain);
    double[] bias = new double[outputs];
    double[] seen = new double[width];
    for (int o = 0; o < outputs; o++) {
      int from = stride == 1 ? o * width : o;
      for (int i = 0; i < width; i++) {
        seen[i] = w[from + i * stride] * gain[i];
      }
      double[] taken = taken(seen);
      for (int i = 0; i < width; i++) {
        float old = w[from + i * stride];
        float now = Math.abs(gain[i]) > least ? (float) (old - taken[i] / gain[i]) : 0;
        w[from + i * stride] = now;
        bias[o] += factor * ((double) old - now) * shift[i];
      }
    }
    return bias;
  }

  /** {@code strength U U^T x}. */
  private double[] taken(double[] x) {
    double[] taken = new double[x.length];
    for (double[] u : basis) {
      double along = strength * dot(u, x);
      for (int i = 0; i < x.length; i++) {
        taken[i] += along * u[i];
      }
    }
    return taken;
  }

  /**
   * Gram and Schmidt's basis of the span of some vectors, in their order; what depends on those
   * before it is left out. Each goes through twice, for rounding's sake.
   */
  static double[][] orthonormal(double[][] vectors) {
    List<double[]> basis = new ArrayList<>();
    for (double[] v : vectors) {
      double[] x = v.clone();
      double length = Math.sqrt(dot(x, x));
      for (int round = 0; round < 2; round++) {
        for (double[] u : basis) {
          double along = dot(u, x);
          for (int i = 0; i < x.length; i++) {
            x[i] -= along * u[i];
          }
        }
      }
      double left = Math.sqrt(dot(x, x));
      if (left > INDEPENDENT * length) {
        for (int i = 0; i < x.length; i++) {
          x[i] /= left;
        }
        basis.add(x);
      }
    }
    return basis.toArray(double[][]::new);
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double largest(double[] values) {
    double most = 0;
    for (double v : values) {
      most = Math.max(most, Math.abs(v));
    }
    return most;
  }
}
