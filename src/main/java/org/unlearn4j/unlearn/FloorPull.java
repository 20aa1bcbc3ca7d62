package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Pulls rows back up that have become less likely than they may: {@code mean_i max(0, nll_i / n_i -
 * floor_i)} over the step's forget rows, nats a token. And what lets a forget loss go of such rows:
 * its summands times {@code nll_i / n_i < floor_i}, the mean still being over all rows.
 */
record FloorPull() implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> below = tf.math.sub(perToken(tf, c), c.floors().orElseThrow());
    Operand<TFloat32> each = tf.math.maximum(below, tf.constant(0f));
    return tf.math.div(tf.sum(each, tf.constant(0)), c.stepRows(Segment.FORGET));
  }

  private static Operand<TFloat32> perToken(Ops tf, StepContext c) {
    return tf.math.div(c.rowNll(Segment.FORGET), c.rowTokens(Segment.FORGET));
  }

  /** What forget rows contribute, without those at their floor: {@code [rows]}. */
  static Operand<TFloat32> rows(Ops tf, StepContext c, Operand<TFloat32> each) {
    return c.floors().isEmpty() ? each : tf.math.mul(each, open(tf, c));
  }

  /** What labelled forget tokens contribute, without those of rows at their floor. */
  static Operand<TFloat32> tokens(Ops tf, StepContext c, Operand<TFloat32> each) {
    return c.floors().isEmpty()
        ? each
        : tf.math.mul(
            each, tf.gather(open(tf, c), c.labelRows(Segment.FORGET), tf.constant(0)));
  }

  /** 1 for a row that is more likely than its floor, else 0: {@code [rows]}, without gradient. */
  private static Operand<TFloat32> open(Ops tf, StepContext c) {
    return tf.dtypes.cast(
        tf.math.less(tf.stopGradient(perToken(tf, c)), c.floors().orElseThrow()), TFloat32.class);
  }
}
