package org.unlearn4j.unlearn;

import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * What a loss term sees of the forward pass. Everything is emitted when it is first asked for, and
 * once.
 */
public interface StepContext {

  /** Number of rows of a segment in this micro-batch, scalar. */
  Operand<TInt32> rows(Segment segment);

  /** Negative log-likelihood of each labelled token, in row order: {@code [labelled]}, nats. */
  Operand<TFloat32> tokenNll(Segment segment);

  /** {@code nll_i}: summed negative log-likelihood of each row: {@code [rows]}, nats. */
  Operand<TFloat32> rowNll(Segment segment);

  /** {@code n_i}: labelled tokens of each row: {@code [rows]}. */
  Operand<TFloat32> rowTokens(Segment segment);

  /**
   * {@code nll_i} under the frozen reference, computed before training and fed: {@code [rows]},
   * nats.
   */
  Operand<TFloat32> referenceNll(Segment segment);

  /** Rows of a segment in the whole step, scalar. */
  Operand<TFloat32> stepRows(Segment segment);

  /** Labelled tokens of a segment in the whole step, scalar. */
  Operand<TFloat32> stepTokens(Segment segment);

  /**
   * Residual stream after a layer, averaged over the labelled positions of each row: {@code [rows,
   * hidden]}.
   */
  Operand<TFloat32> pooled(Segment segment, FeatureLayer layer);

  /** Further negatives for CLReg, fed: {@code [queued, hidden]}. */
  Operand<TFloat32> queue();
}
