package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * One summand of the total loss. Its value on a micro-batch is that micro-batch's share: the shares
 * of a step add up to the term's value on the whole step.
 *
 * <p>A term declares what it reads, so that the step graph holds nothing that nobody reads: no head
 * over rows whose likelihood is not asked for, no frozen twin for a loss that does without.
 */
public interface Term {
  /** Segments whose rows must be in the batch. */
  Set<Segment> segments();

  /** Segments whose likelihoods or logits are read. */
  default Set<Segment> scored() {
    return segments();
  }

  /** Segments whose logits are read, and not their likelihoods alone. */
  default Set<Segment> logits() {
    return frozenLogits();
  }

  /** Segments for which {@link StepContext#referenceNll} is fed. */
  default Set<Segment> referenceNll() {
    return Set.of();
  }

  /** Segments whose logits are read from the frozen twin. */
  default Set<Segment> frozenLogits() {
    return Set.of();
  }

  /** Segments whose residual stream is read from the frozen twin. */
  default Set<Segment> frozenStates() {
    return Set.of();
  }

  /**
   * The term's share, a float32 scalar.
   *
   * @param tf where the term puts its operations
   */
  Operand<TFloat32> value(Ops tf, StepContext c);
}
