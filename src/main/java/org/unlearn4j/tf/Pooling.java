package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Hidden states at chosen positions of each row to one vector a row. */
public final class Pooling {
  private Pooling() {}

  /**
   * Mean over the chosen positions.
   *
   * @param chosen {@code [chosen, hidden]}
   * @param rows row of each, {@code [chosen]}, from 0 below {@code count}
   * @param count scalar, number of rows
   * @return {@code [count, hidden]}; zeros for a row of which nothing was chosen
   */
  public static Operand<TFloat32> mean(
      Ops tf, Operand<TFloat32> chosen, Operand<TInt32> rows, Operand<TInt32> count) {
    Operand<TFloat32> sums = tf.math.unsortedSegmentSum(chosen, rows, count);
    Operand<TFloat32> counts = tf.math.maximum(counts(tf, rows, count), tf.constant(1f));
    return tf.math.div(sums, tf.reshape(counts, tf.array(-1, 1)));
  }

  /**
   * The last of the chosen positions of each row.
   *
   * @param chosen {@code [chosen, hidden]}
   * @param rows row of each, {@code [chosen]}, ascending; each row has at least one
   * @param count scalar, number of rows
   * @return {@code [count, hidden]}
   */
  public static Operand<TFloat32> last(
      Ops tf, Operand<TFloat32> chosen, Operand<TInt32> rows, Operand<TInt32> count) {
    Operand<TInt32> upTo =
        tf.math.unsortedSegmentSum(tf.onesLike(rows), rows, count); // [count], tokens of each row
    Operand<TInt32> index = tf.math.sub(tf.math.cumsum(upTo, tf.constant(0)), tf.constant(1));
    return tf.gather(chosen, index, tf.constant(0));
  }

  private static Operand<TFloat32> counts(Ops tf, Operand<TInt32> rows, Operand<TInt32> count) {
    return tf.math.unsortedSegmentSum(
        tf.onesLike(tf.dtypes.cast(rows, TFloat32.class)), rows, count);
  }
}
