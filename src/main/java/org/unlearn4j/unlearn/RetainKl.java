package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The retain loss {@code KL}: mean over labelled retain tokens of {@code KL(p^ref || p)}. */
record RetainKl() implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.RETAIN);
  }

  @Override
  public Set<Segment> frozenLogits() {
    return Set.of(Segment.RETAIN);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> reference = c.frozenLogits(Segment.RETAIN);
    Operand<TFloat32> p = tf.nn.softmax(reference);
    // As a difference of log-probabilities it is exactly 0 where the models agree.
    Operand<TFloat32> apart =
        tf.math.sub(tf.nn.logSoftmax(reference), tf.nn.logSoftmax(c.logits(Segment.RETAIN)));
    Operand<TFloat32> each = tf.sum(tf.math.mul(p, apart), tf.constant(-1)); // [labelled]
    return tf.math.div(tf.sum(each, tf.constant(0)), c.stepTokens(Segment.RETAIN));
  }
}
