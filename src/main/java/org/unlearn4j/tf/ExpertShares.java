package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * How a layer's router divides the batch's tokens, padding left out.
 *
 * @param probabilities of each expert, before any is chosen, summed over tokens: {@code [experts]}
 * @param tokens that go through each expert, without gradient: {@code [experts]}
 */
public record ExpertShares(Operand<TFloat32> probabilities, Operand<TFloat32> tokens) {

  /**
   * Sums up.
   *
   * @param each {@code [tokens, experts]}
   * @param choice {@code [tokens, chosen]}
   * @param mask 1 at real tokens, {@code [batch, time]}
   */
  static ExpertShares of(
      Ops tf, Operand<TFloat32> each, Operand<TInt32> choice, Operand<TInt32> mask) {
    int experts = (int) each.asOutput().shape().get(1);
    Operand<TFloat32> real =
        tf.reshape(tf.dtypes.cast(mask, TFloat32.class), tf.array(-1, 1)); // [tokens, 1]
    Operand<TFloat32> hits =
        tf.sum(
            tf.oneHot(choice, tf.constant(experts), tf.constant(1f), tf.constant(0f)),
            tf.constant(1));
    return new ExpertShares(
        tf.sum(tf.math.mul(each, real), tf.constant(0)),
        tf.stopGradient(tf.sum(tf.math.mul(hits, real), tf.constant(0))));
  }
}
