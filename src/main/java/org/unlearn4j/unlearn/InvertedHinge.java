package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The inverted hinge loss (Cha et al. 2024): mean over labelled forget tokens of {@code 1 +
 * p(label) - max over v != label of p(v)}, which is in [0, 2]. What a label loses goes to the next
 * likely token.
 */
record InvertedHinge() implements Term {
  /** Takes a probability below all others. */
  private static final double BELOW = 2;

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
    Operand<TFloat32> all = tf.nn.softmax(c.logits(Segment.FORGET)); // [labelled, vocab]
    Operand<TFloat32> next =
        tf.reduceMax(SoftLabels.lowered(tf, c, all, Segment.FORGET, BELOW), tf.constant(-1));
    Operand<TFloat32> label = tf.math.exp(tf.math.neg(c.tokenNll(Segment.FORGET)));
    Operand<TFloat32> each = tf.math.add(tf.constant(1f), tf.math.sub(label, next)); // [labelled]
    each = FloorPull.aboveFloor(tf, c, each);
    return tf.math.div(tf.sum(each, tf.constant(0)), c.stepTokens(Segment.FORGET));
  }
}
