package org.unlearn4j.unlearn;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.tf.Dimensions;

/** Cross-entropy against distributions instead of labels: what UNDIAL, CEU and KL share. */
final class SoftLabels {
  /** Far below any logit, yet finite: minus infinity times zero would not be a number. */
  static final double IMPOSSIBLE = 1e30;

  private SoftLabels() {}

  /**
   * Logits from which something is subtracted at each token's own label: {@code [labelled, vocab]}.
   */
  static Operand<TFloat32> lowered(
      Ops tf, StepContext c, Operand<TFloat32> logits, Segment segment, double by) {
    Operand<TFloat32> atLabel =
        tf.oneHot(
            c.labels(segment),
            Dimensions.size(tf, logits, 1),
            tf.constant((float) by),
            tf.constant(0f));
    return tf.math.sub(logits, atLabel);
  }

  /** Cross-entropy of a prediction against fixed targets, each token's: {@code [labelled]}. */
  static Operand<TFloat32> crossEntropy(
      Ops tf, Operand<TFloat32> target, Operand<TFloat32> logits) {
    Operand<TFloat32> logProbs = tf.nn.logSoftmax(logits);
    return tf.math.neg(tf.sum(tf.math.mul(tf.stopGradient(target), logProbs), tf.constant(-1)));
  }
}
