package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/** Sizes that are known when the graph runs. */
public final class Dimensions {
  private Dimensions() {}

  /** Size of an axis, a scalar. */
  public static Operand<TInt32> size(Ops tf, Operand<? extends TType> x, int axis) {
    return tf.gather(tf.shape(x), tf.constant(axis), tf.constant(0));
  }

  /** The same to divide by. */
  public static Operand<TFloat32> count(Ops tf, Operand<? extends TType> x, int axis) {
    return tf.dtypes.cast(size(tf, x, axis), TFloat32.class);
  }
}
