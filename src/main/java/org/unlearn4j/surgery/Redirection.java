package org.unlearn4j.surgery;

import java.util.Arrays;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.CholeskyDecomposition;

/**
 * A change of one linear map that moves what it makes of forget tokens by a fixed vector and leaves
 * alone what it makes of retain tokens (LUNAR: Shen et al. 2025), in closed form. With x for what
 * the map reads and r for the move, {@code W'} minimises
 *
 * <pre>
 *   sum_forget ||W' x - (W x + r)||^2 + sum_retain ||W' x - W x||^2 + rho ||W' - W||^2
 * </pre>
 *
 * in which the change is of rank one: {@code W' = W + r v^T}, {@code v = (S_f + S_r + rho I)^-1
 * sum_forget x}, S being sums of {@code x x^T}. All of it is float64.
 *
 * @param move r, {@code [out]}
 * @param along v, {@code [in]}
 * @param forget mean of {@code v.x} over forget tokens: the part of the move that they make
 * @param retain root mean square of {@code v.x} over retain tokens, which should stay
 */
@SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
public record Redirection(double[] move, double[] along, double forget, double retain) {

  /**
   * Finds it.
   *
   * @param move r
   * @param mean of what forget tokens read, {@code [in]}
   * @param forget second moments of the same
   * @param retain second moments of what retain tokens read
   * @param ridge rho as a share of the mean of the diagonal of {@code S_f + S_r}
   * @throws IllegalArgumentException if there is no energy at all, or some number is none
   */
  public static Redirection of(
      double[] move, double[] mean, SecondMoments forget, SecondMoments retain, double ridge) {
    double[][] ofForget = forget.mean();
    double[][] ofRetain = retain.mean();
    int width = mean.length;
    double[][] all = new double[width][width];
    double energy = 0;
    for (int i = 0; i < width; i++) {
      for (int j = 0; j < width; j++) {
        all[i][j] = forget.count() * ofForget[i][j] + retain.count() * ofRetain[i][j];
      }
      energy += all[i][i];
    }
    if (!(energy > 0) || !Double.isFinite(energy + Arrays.stream(move).sum())) {
      throw new IllegalArgumentException("energy " + energy);
    }
    for (int i = 0; i < width; i++) {
      all[i][i] += ridge * energy / width;
    }
    double[] sum = Arrays.stream(mean).map(x -> x * forget.count()).toArray();
    double[] v =
        new CholeskyDecomposition(new Array2DRowRealMatrix(all, false), 1e-9, 0)
            .getSolver()
            .solve(new ArrayRealVector(sum, false))
            .toArray();
    double square = 0;
    for (int i = 0; i < width; i++) {
      square += v[i] * Projection.dot(ofRetain[i], v);
    }
    return new Redirection(move, v, Projection.dot(v, mean), Math.sqrt(Math.max(0, square)));
  }

  /** What is added to the weight from an output to an input. */
  public double change(int out, int in) {
    return move[out] * along[in];
  }
}
