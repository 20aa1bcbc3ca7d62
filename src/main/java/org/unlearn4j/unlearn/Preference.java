package org.unlearn4j.unlearn;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What NPO, SimNPO and DPO share. */
final class Preference {
  private Preference() {}

  /** {@code -(2/beta) mean_i logsigmoid(beta * margin_i)}, the mean over the step's forget rows. */
  static Operand<TFloat32> loss(Ops tf, StepContext c, Operand<TFloat32> margin, double beta) {
    // -logsigmoid(x) = softplus(-x), which neither overflows nor loses digits at either end.
    Operand<TFloat32> each = tf.math.softplus(tf.math.mul(margin, tf.constant((float) -beta)));
    Operand<TFloat32> sum = tf.sum(each, tf.constant(0));
    return tf.math.mul(
        tf.math.div(sum, c.stepRows(Segment.FORGET)), tf.constant((float) (2 / beta)));
  }
}
