package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Gradient ascent with a weight a token: {@code -mean over labelled forget tokens of stopgrad(p^a
 * (1-p)^b) * nll}, {@code p = exp(-nll)}. With b = 0 it is WGA (Wang et al. 2025), with both SatImp
 * (Yang et al. 2025).
 *
 * @param knownPower a: tokens that the model knows count more
 * @param openPower b: tokens that it is certain of count less
 */
record WeightedAscent(double knownPower, double openPower) implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> nll = c.tokenNll(Segment.FORGET);
    Operand<TFloat32> p = tf.math.exp(tf.math.neg(nll));
    Operand<TFloat32> weight = tf.math.pow(p, tf.constant((float) knownPower));
    if (openPower != 0) {
      // Rounding may lift p over 1, and a root of a negative number is none.
      Operand<TFloat32> open = tf.math.maximum(tf.math.sub(tf.constant(1f), p), tf.constant(0f));
      weight = tf.math.mul(weight, tf.math.pow(open, tf.constant((float) openPower)));
    }
    Operand<TFloat32> each = tf.math.mul(tf.stopGradient(weight), c.forgetNll());
    return tf.math.neg(tf.math.div(tf.sum(each, tf.constant(0)), c.stepTokens(Segment.FORGET)));
  }
}
