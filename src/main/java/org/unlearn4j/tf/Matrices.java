package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.nn.Linear;

/** What decompositions of matrices in float64 share. */
final class Matrices {
  private Matrices() {}

  /** A runtime of its own, on the CPU, where TensorFlow has all decompositions in float64. */
  static TfRuntime runtime() {
    return new TfRuntime(Computation.of(Precision.FP32, Device.CPU));
  }

  /** A matrix of floats that is fed. */
  static Placeholder<TFloat32> fed(Ops tf, String name) {
    return tf.withName(name).placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, -1)));
  }

  static Operand<TFloat64> wide(Ops tf, Operand<TFloat32> x) {
    return tf.dtypes.cast(x, TFloat64.class);
  }

  static Operand<TFloat32> narrow(Ops tf, Operand<TFloat64> x) {
    return tf.dtypes.cast(x, TFloat32.class);
  }

  static Operand<TFloat64> transposed(Ops tf, Operand<TFloat64> x) {
    return tf.linalg.transpose(x, tf.array(1, 0));
  }

  /** {@code a b^T}. */
  static Operand<TFloat64> timesTransposed(Ops tf, Operand<TFloat64> a, Operand<TFloat64> b) {
    return tf.linalg.matMul(a, b, MatMul.transposeB(true));
  }

  /** Some columns of a matrix. */
  static Operand<TFloat64> columns(Ops tf, Operand<TFloat64> x, int from, int count) {
    return tf.slice(x, tf.array(0, from), tf.array(-1, count));
  }

  /** 1 or -1 for each column, the sign of its entry of largest magnitude: {@code [columns]}. */
  static Operand<TFloat64> signs(Ops tf, Operand<TFloat64> x) {
    Operand<TInt32> largest =
        tf.math.argMax(tf.math.abs(x), tf.constant(0), TInt32.class); // [columns]
    Operand<TFloat64> chosen =
        tf.oneHot(largest, Dimensions.size(tf, x, 0), tf.constant(1.0), tf.constant(0.0));
    return tf.math.sign(tf.sum(tf.math.mul(chosen, transposed(tf, x)), tf.constant(1)));
  }

  /**
   * A weight of either layout.
   *
   * @param stored as it lies in the checkpoint
   * @param order of its axes
   * @param outIn {@code [out, in]}
   */
  record Weight(Placeholder<TFloat32> stored, Placeholder<TInt32> order, Operand<TFloat64> outIn) {
    static Weight in(Ops tf) {
      Placeholder<TFloat32> stored = fed(tf, "weight");
      Placeholder<TInt32> order =
          tf.withName("order").placeholder(TInt32.class, Placeholder.shape(Shape.of(2)));
      return new Weight(stored, order, wide(tf, tf.linalg.transpose(stored, order)));
    }

    void feed(Feeds feeds, Linear linear, float[] values) {
      feeds.floats(stored, values, linear.weight().dim(0), linear.weight().dim(1));
      feeds.ints(order, linear.inOut() ? new int[] {1, 0} : new int[] {0, 1}, 2);
    }
  }

  /** All values of the i-th fetched float64 tensor. */
  static double[] doubles(Result result, int i) {
    double[] values = new double[Math.toIntExact(result.get(i).shape().size())];
    result.get(i).asRawTensor().data().asDoubles().read(values);
    return values;
  }

  /**
   * Factors that are numbers.
   *
   * @throws MachineException if they are not
   */
  static StartingFactors factors(Linear linear, float[] down, float[] up) {
    requireFinite(linear, down);
    requireFinite(linear, up);
    return new StartingFactors(down, up);
  }

  static void requireFinite(Linear linear, float[] values) {
    for (float v : values) {
      if (!Float.isFinite(v)) {
        throw new MachineException(
            "What the adapter of "
                + linear.module()
                + " begins with: found "
                + v
                + ", expected finite numbers; are all weights and activations finite?");
      }
    }
  }
}
