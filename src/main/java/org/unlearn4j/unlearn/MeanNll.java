package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Mean negative log-likelihood over the labelled tokens of a segment: the retain loss {@code NLL}
 * and, negated, the forget loss of GradAscent (Jang et al. 2023) and GradDiff (Maini et al. 2024).
 *
 * @param segment {@code FORGET} where it ascends
 * @param sign +1 to learn, -1 to ascend
 */
record MeanNll(Segment segment, int sign) implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(segment);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> sum = tf.sum(sign > 0 ? c.tokenNll(segment) : c.forgetNll(), tf.constant(0));
    Operand<TFloat32> mean = tf.math.div(sum, c.stepTokens(segment));
    return sign > 0 ? mean : tf.math.neg(mean);
  }
}
