package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Cumsum;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Cross-entropy unlearning (Yang 2025): the model's own prediction without the label becomes the
 * target, mean over labelled forget tokens of {@code CE(softmax(stopgrad(logits) with the label's
 * at -inf), logits)}.
 *
 * @param skip first labelled tokens of each row that are left out
 */
record Ceu(int skip) implements Term {

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
    Operand<TFloat32> logits = c.logits(Segment.FORGET);
    Operand<TFloat32> target =
        tf.nn.softmax(
            SoftLabels.lowered(
                tf, c, tf.stopGradient(logits), Segment.FORGET, SoftLabels.IMPOSSIBLE));
    Operand<TFloat32> each =
        FloorPull.aboveFloor(tf, c, SoftLabels.crossEntropy(tf, target, logits)); // [labelled]
    Operand<TFloat32> kept =
        tf.dtypes.cast(
            tf.math.greaterEqual(place(tf, c), tf.constant((float) skip)), TFloat32.class);
    Operand<TFloat32> left =
        tf.math.maximum(
            tf.math.sub(c.stepRowTokens(Segment.FORGET), tf.constant((float) skip)),
            tf.constant(0f));
    // A step of which nothing is left costs nothing, instead of 0 / 0.
    Operand<TFloat32> count = tf.math.maximum(tf.sum(left, tf.constant(0)), tf.constant(1f));
    return tf.math.div(tf.sum(tf.math.mul(each, kept), tf.constant(0)), count);
  }

  /** Which labelled token of its row each one is, from 0: {@code [labelled]}. */
  private static Operand<TFloat32> place(Ops tf, StepContext c) {
    Operand<TInt32> rows = c.labelRows(Segment.FORGET);
    Operand<TFloat32> before =
        tf.math.cumsum(c.rowTokens(Segment.FORGET), tf.constant(0), Cumsum.exclusive(true));
    Operand<TFloat32> ones = tf.onesLike(tf.dtypes.cast(rows, TFloat32.class));
    Operand<TFloat32> index = tf.math.cumsum(ones, tf.constant(0), Cumsum.exclusive(true));
    return tf.math.sub(index, tf.gather(before, rows, tf.constant(0)));
  }
}
