package org.unlearn4j.train;

import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TfRuntime;

/** What a large matrix product reaches on the device: the measure for a step's own products. */
final class MatrixPeak {
  private MatrixPeak() {}

  /** Float operations a second, in 10^9; the best of a few runs of a chain of products. */
  static double gflops(Computation computation) {
    return computation.precision() == Precision.BF16
        ? gflops(TBfloat16.class, computation)
        : gflops(TFloat32.class, computation);
  }

  /**
   * The factor lies in a variable on the device: a constant product would be folded away before it
   * is timed, and feeding it would time the bus. A GPU needs larger products, and more of them, to
   * be busy for longer than a launch takes.
   */
  private static <N extends TNumber> double gflops(Class<N> type, Computation computation) {
    boolean gpu = computation.device().isGpu();
    int n = gpu ? 8192 : 2048;
    int products = gpu ? 32 : 4;
    try (TfRuntime runtime = new TfRuntime(computation)) {
      Ops tf = runtime.ops();
      Shape square = Shape.of(n, n);
      VarHandleOp handle = tf.varHandleOp(TFloat32.class, square);
      // Random, since products of equal numbers are cheaper on a GPU; of this size, since powers of
      // such a matrix neither grow nor vanish.
      Operand<TFloat32> drawn =
          tf.math.mul(
              tf.random.randomStandardNormal(tf.array(n, n), TFloat32.class),
              tf.constant((float) (1 / Math.sqrt(n))));
      Op fill = tf.assignVariableOp(handle, drawn);
      Operand<N> a = tf.dtypes.cast(tf.readVariableOp(handle, TFloat32.class), type);
      Operand<N> x = a;
      for (int i = 0; i < products; i++) {
        x = tf.linalg.matMul(x, a);
      }
      Operand<TFloat32> corner =
          tf.dtypes.cast(tf.slice(x, tf.array(0, 0), tf.array(1, 1)), TFloat32.class);
      run(runtime, "matrix to multiply", r -> r.target(fill));
      double best = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 4; i++) {
        long start = System.nanoTime();
        run(runtime, "matrix products", r -> r.fetch(corner));
        best = Math.min(best, (System.nanoTime() - start) / 1e9);
      }
      return 2.0 * n * n * n * products / best / 1e9;
    }
  }

  private static void run(TfRuntime runtime, String what, UnaryOperator<Feeds> asking) {
    try (Feeds none = new Feeds(runtime)) {
      runtime.run(what, asking.apply(none)).close();
    }
  }
}
