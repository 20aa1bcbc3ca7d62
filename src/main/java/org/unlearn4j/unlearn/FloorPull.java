package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Pulls tokens back up that have become less likely than they may: {@code mean_i (1 / n_i) sum_t
 * max(0, nll_it - floor_it)} over the step's forget rows, nats a token.
 */
record FloorPull() implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> below =
        tf.math.maximum(
            tf.math.sub(c.tokenNll(Segment.FORGET), c.floors().orElseThrow()), tf.constant(0f));
    Operand<TFloat32> each =
        tf.math.div(c.byRow(Segment.FORGET, below), c.rowTokens(Segment.FORGET)); // [rows]
    return tf.math.div(tf.sum(each, tf.constant(0)), c.stepRows(Segment.FORGET));
  }

  /**
   * What labelled forget tokens contribute to a loss that is no function of their likelihood,
   * without those at their floor: {@code [labelled]}; as it is for an objective without floors.
   */
  static Operand<TFloat32> aboveFloor(Ops tf, StepContext c, Operand<TFloat32> each) {
    return c.floors()
        .<Operand<TFloat32>>map(
            floors ->
                tf.math.mul(
                    each,
                    tf.dtypes.cast(
                        tf.math.less(tf.stopGradient(c.tokenNll(Segment.FORGET)), floors),
                        TFloat32.class)))
        .orElse(each);
  }
}
