package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.tf.Dimensions;

/**
 * How far logits are from flat: mean over labelled forget tokens of {@code (max_v logit_v - mean_v
 * logit_v)^2}, the forget loss of primal-dual unlearning.
 */
record LogitFlatness() implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Set<Segment> logits() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> logits = c.logits(Segment.FORGET); // [labelled, vocab]
    Operand<TFloat32> vocab = Dimensions.count(tf, logits, 1);
    Operand<TFloat32> mean =
        tf.math.div(tf.sum(logits, tf.constant(-1), Sum.keepDims(false)), vocab);
    Operand<TFloat32> above = tf.math.sub(tf.reduceMax(logits, tf.constant(-1)), mean);
    return tf.math.div(tf.sum(tf.math.square(above), tf.constant(0)), c.stepTokens(Segment.FORGET));
  }
}
