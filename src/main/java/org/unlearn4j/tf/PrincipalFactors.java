package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.linalg.Svd;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.unlearn4j.nn.Linear;

/**
 * The principal part of a weight as factors (PiSSA: Meng et al. 2024): with {@code W = U S V^T} as
 * {@code [out, in]}, {@code B = U_r sqrt(S_r / s)} and {@code A = sqrt(S_r / s) V_r^T}, so that
 * {@code s B A} is the best approximation of W that has the rank. The largest entry of each column
 * of U is positive, or the signs were anybody's.
 *
 * <p>The decomposition is exact, in float64 and on the CPU: it is done once, and the float32 one
 * turns directions of close singular values by more than the weights' own rounding does.
 */
public final class PrincipalFactors implements AutoCloseable {
  private final TfRuntime runtime = Matrices.runtime();
  private final Matrices.Weight weight;
  private final Operand<TFloat32> down;
  private final Operand<TFloat32> up;

  /** Factors of a rank, which no weight has less of; s is their scale. */
  public PrincipalFactors(int rank, double scale) {
    Ops tf = runtime.ops();
    weight = Matrices.Weight.in(tf);
    Svd<TFloat64> svd = tf.linalg.svd(weight.outIn(), Svd.computeUv(true), Svd.fullMatrices(false));
    Operand<TFloat64> roots =
        tf.math.sqrt(
            tf.math.div(tf.slice(svd.s(), tf.array(0), tf.array(rank)), tf.constant(scale)));
    Operand<TFloat64> u = Matrices.columns(tf, svd.u(), 0, rank);
    Operand<TFloat64> signs = Matrices.signs(tf, u);
    Operand<TFloat64> v = Matrices.columns(tf, svd.v(), 0, rank);
    Operand<TFloat64> factors = tf.linalg.tensorDiag(tf.math.mul(signs, roots)); // [rank, rank]
    up = Matrices.narrow(tf, tf.linalg.matMul(u, factors));
    down = Matrices.narrow(tf, tf.linalg.matMul(factors, v, MatMul.transposeB(true)));
  }

  /**
   * The factors of a weight.
   *
   * @param values as stored
   * @throws org.unlearn4j.base.MachineException if they are no finite numbers
   */
  public StartingFactors of(Linear linear, float[] values) {
    try (Feeds feeds = new Feeds(runtime)) {
      weight.feed(feeds, linear, values);
      feeds.fetch(down).fetch(up);
      try (Result r = runtime.run("singular values", feeds)) {
        return Matrices.factors(linear, TfTensors.floats(r, 0), TfTensors.floats(r, 1));
      }
    }
  }

  @Override
  public void close() {
    runtime.close();
  }
}
