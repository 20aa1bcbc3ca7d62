package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Negative preference optimisation (Zhang et al. 2024): {@code -(2/beta) mean_i logsigmoid(beta
 * (nll_i - nll_i^ref))}. The reference is one number a row, so no second model is in the graph.
 */
record Npo(double beta) implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Set<Segment> referenceNll() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> margin = tf.math.sub(c.forgetRowNll(), c.referenceNll(Segment.FORGET));
    return Preference.loss(tf, c, margin, beta);
  }
}
