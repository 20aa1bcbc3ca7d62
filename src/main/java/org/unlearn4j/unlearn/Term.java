package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * One summand of the total loss. Its value on a micro-batch is that micro-batch's share: the shares
 * of a step add up to the term's value on the whole step.
 */
public interface Term {
  /** Segments whose rows must be in the batch. */
  Set<Segment> segments();

  /** Segments for which {@link StepContext#referenceNll} is fed. */
  default Set<Segment> referenceNll() {
    return Set.of();
  }

  /**
   * The term's share, a float32 scalar.
   *
   * @param tf where the term puts its operations
   */
  Operand<TFloat32> value(Ops tf, StepContext c);
}
