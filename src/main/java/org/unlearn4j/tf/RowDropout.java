package org.unlearn4j.tf;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * Dropout of the residual stream in some rows of a batch, all others untouched. Drawing is
 * stateless: the same seed drops the same values.
 *
 * @param firstRow scalar
 * @param rows scalar, how many
 * @param time scalar, width of the batch
 * @param seed {@code [2]}; each place of the stream adds its number to the second
 * @param probability of a value to become 0; others are scaled so that the mean stays
 */
public record RowDropout(
    Operand<TInt32> firstRow,
    Operand<TInt32> rows,
    Operand<TInt32> time,
    Operand<TInt64> seed,
    double probability) {

  /**
   * Drops.
   *
   * @param x {@code [batch * time, hidden]}
   * @param place which of the stream's places it is
   */
  Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x, int place) {
    Operand<TInt32> begin = tf.math.mul(firstRow, time);
    Operand<TInt32> size = tf.math.mul(rows, time);
    Operand<TFloat32> before = cut(tf, x, tf.constant(0), begin);
    Operand<TFloat32> own = cut(tf, x, begin, size);
    Operand<TFloat32> after = cut(tf, x, tf.math.add(begin, size), tf.constant(-1));
    Operand<TInt64> drawn = tf.math.add(seed, tf.array(0L, place));
    Operand<TFloat32> uniform =
        tf.random.statelessRandomUniform(tf.shape(own), drawn, TFloat32.class);
    Operand<TFloat32> kept =
        tf.dtypes.cast(
            tf.math.greaterEqual(uniform, tf.constant((float) probability)), TFloat32.class);
    Operand<TFloat32> scaled = tf.math.mul(kept, tf.constant((float) (1 / (1 - probability))));
    return tf.concat(List.of(before, tf.math.mul(own, scaled), after), tf.constant(0));
  }

  private static Operand<TFloat32> cut(
      Ops tf, Operand<TFloat32> x, Operand<TInt32> begin, Operand<TInt32> size) {
    return tf.slice(
        x, tf.stack(List.of(begin, tf.constant(0))), tf.stack(List.of(size, tf.constant(-1))));
  }
}
