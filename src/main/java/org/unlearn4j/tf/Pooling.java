package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Hidden states averaged over chosen positions of each row. */
public final class Pooling {
  private Pooling() {}

  /**
   * Mean over the chosen positions.
   *
   * @param hidden {@code [batch * time, hidden]}
   * @param positions flat indices, {@code [chosen]}
   * @param rows row of each, {@code [chosen]}, from 0 below {@code count}
   * @param count scalar, number of rows
   * @return {@code [count, hidden]}; zeros for a row of which nothing was chosen
   */
  public static Operand<TFloat32> mean(
      Ops tf,
      Operand<TFloat32> hidden,
      Operand<TInt32> positions,
      Operand<TInt32> rows,
      Operand<TInt32> count) {
    Operand<TFloat32> chosen = tf.gather(hidden, positions, tf.constant(0));
    Operand<TFloat32> sums = tf.math.unsortedSegmentSum(chosen, rows, count);
    Operand<TFloat32> ones = tf.onesLike(tf.dtypes.cast(rows, TFloat32.class));
    Operand<TFloat32> counts =
        tf.math.maximum(tf.math.unsortedSegmentSum(ones, rows, count), tf.constant(1f));
    return tf.math.div(sums, tf.reshape(counts, tf.array(-1, 1)));
  }
}
