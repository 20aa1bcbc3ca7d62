package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * NPO without a reference, normalised by length (Fan et al. 2024): {@code -(2/beta) mean_i
 * logsigmoid(beta (nll_i / n_i - delta))}.
 */
record SimNpo(double beta, double delta) implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> perToken = tf.math.div(c.forgetRowNll(), c.rowTokens(Segment.FORGET));
    return Preference.loss(tf, c, tf.math.sub(perToken, tf.constant((float) delta)), beta);
  }
}
