package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.config.ObjectiveSettings.Divergence;

/**
 * Loss adjustment with forget data only (Wang et al. 2024): mean over forget rows of {@code
 * f*(g*(P_f)) - g*(P_a)}, where P is the mean probability of a row's labelled tokens, of the answer
 * and of the refusal. It is the variational form of an f-divergence between the two, negated.
 */
record Flat(Divergence divergence) implements Term {
  private static final float LOG_2 = (float) Math.log(2);

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET, Segment.ALTERNATE);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> said = mean(tf, c, Segment.FORGET, c.forgetNll());
    Operand<TFloat32> refused = mean(tf, c, Segment.ALTERNATE, c.tokenNll(Segment.ALTERNATE));
    Operand<TFloat32> each = tf.math.sub(conjugate(tf, said), variational(tf, refused)); // [rows]
    return tf.math.div(tf.sum(each, tf.constant(0)), c.stepRows(Segment.FORGET));
  }

  /** Mean probability of each row's labelled tokens: {@code [labelled] -> [rows]}. */
  private static Operand<TFloat32> mean(
      Ops tf, StepContext c, Segment segment, Operand<TFloat32> nll) {
    Operand<TFloat32> sum = c.byRow(segment, tf.math.exp(tf.math.neg(nll)));
    return tf.math.div(sum, c.rowTokens(segment));
  }

  /** {@code g*(v)}. */
  private Operand<TFloat32> variational(Ops tf, Operand<TFloat32> v) {
    return switch (divergence) {
      case KL, PEARSON -> v;
      case TOTAL_VARIATION -> halfTanh(tf, v);
      // log(2 / (1 + e^-v))
      case JENSEN_SHANNON -> tf.math.sub(tf.constant(LOG_2), tf.math.softplus(tf.math.neg(v)));
    };
  }

  /** {@code f*(g*(v))}. */
  private Operand<TFloat32> conjugate(Ops tf, Operand<TFloat32> v) {
    return switch (divergence) {
      case KL -> tf.math.exp(tf.math.sub(v, tf.constant(1f)));
      case TOTAL_VARIATION -> halfTanh(tf, v);
      // -log(2 - 2 / (1 + e^-v)) = log(1 + e^v) - log 2
      case JENSEN_SHANNON -> tf.math.sub(tf.math.softplus(v), tf.constant(LOG_2));
      case PEARSON -> tf.math.add(tf.math.mul(tf.math.square(v), tf.constant(0.25f)), v);
    };
  }

  private static Operand<TFloat32> halfTanh(Ops tf, Operand<TFloat32> v) {
    return tf.math.mul(tf.math.tanh(v), tf.constant(0.5f));
  }
}
