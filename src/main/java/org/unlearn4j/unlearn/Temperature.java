package org.unlearn4j.unlearn;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Tau, by which cosines are divided before a softmax. */
final class Temperature {
  private Temperature() {}

  static void require(double tau) {
    if (!(tau > 0)) {
      throw new IllegalArgumentException("temperature " + tau + ", expected more than 0");
    }
  }

  static Operand<TFloat32> scale(Ops tf, Operand<TFloat32> cosines, double tau) {
    return tf.math.mul(cosines, tf.constant((float) (1 / tau)));
  }
}
