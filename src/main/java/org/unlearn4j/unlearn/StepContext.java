package org.unlearn4j.unlearn;

import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.tf.ExpertShares;

/**
 * What a loss term sees of the forward pass. Everything is emitted when it is first asked for, and
 * once.
 */
public interface StepContext {

  /** Number of rows of a segment in this micro-batch, scalar. */
  Operand<TInt32> rows(Segment segment);

  /** The labelled tokens themselves, in row order: {@code [labelled]}. */
  Operand<TInt32> labels(Segment segment);

  /** Row of each labelled token within its segment: {@code [labelled]}. */
  Operand<TInt32> labelRows(Segment segment);

  /** Logits at the position before each labelled token: {@code [labelled, vocab]}. */
  Operand<TFloat32> logits(Segment segment);

  /** The same of the frozen reference model: {@code [labelled, vocab]}, without gradient. */
  Operand<TFloat32> frozenLogits(Segment segment);

  /** Negative log-likelihood of each labelled token, in row order: {@code [labelled]}, nats. */
  Operand<TFloat32> tokenNll(Segment segment);

  /** {@code nll_i}: summed negative log-likelihood of each row: {@code [rows]}, nats. */
  Operand<TFloat32> rowNll(Segment segment);

  /** {@code n_i}: labelled tokens of each row: {@code [rows]}. */
  Operand<TFloat32> rowTokens(Segment segment);

  /** Sums of values of labelled tokens over their rows: {@code [labelled] -> [rows]}. */
  Operand<TFloat32> byRow(Segment segment, Operand<TFloat32> tokens);

  /**
   * {@code nll_i} under the frozen reference, computed before training and fed: {@code [rows]},
   * nats.
   */
  Operand<TFloat32> referenceNll(Segment segment);

  /**
   * What a forget loss raises: negative log-likelihood of each labelled forget token, but no more
   * than its floor, from where on it has no gradient: {@code [labelled]}, nats.
   */
  Operand<TFloat32> forgetNll();

  /** The sum of {@link #forgetNll} over each row: {@code [rows]}, nats. */
  Operand<TFloat32> forgetRowNll();

  /**
   * What each labelled forget token's negative log-likelihood may rise to, fed: {@code [labelled]},
   * nats; empty for an objective without floors.
   */
  Optional<Operand<TFloat32>> floors();

  /** How routers divide the tokens of this micro-batch, layer by layer, padding left out. */
  List<ExpertShares> expertShares();

  /** Tokens of this micro-batch, padding left out, scalar. */
  Operand<TInt32> realTokens();

  /** {@code n_i} of every row of the whole step: {@code [rows of the step]}. */
  Operand<TFloat32> stepRowTokens(Segment segment);

  /** Rows of a segment in the whole step, scalar. */
  Operand<TFloat32> stepRows(Segment segment);

  /** Labelled tokens of a segment in the whole step, scalar. */
  Operand<TFloat32> stepTokens(Segment segment);

  /** Residual stream after a layer AT each labelled token: {@code [labelled, hidden]}. */
  Operand<TFloat32> states(Segment segment, FeatureLayer layer);

  /** The same of the frozen reference model: {@code [labelled, hidden]}, without gradient. */
  Operand<TFloat32> frozenStates(Segment segment, FeatureLayer layer);

  /** Residual stream after a layer, one vector a row: {@code [rows, hidden]}. */
  Operand<TFloat32> pooled(Segment segment, FeatureLayer layer, RowPooling pooling);

  /**
   * The same of every device, in the order of the micro-batch's rows: a loss that compares rows
   * reads those of others there. On one device this one alone.
   */
  List<? extends StepContext> devices();

  /** Retain features of earlier steps at a layer, unit vectors, fed: {@code [queued, hidden]}. */
  Operand<TFloat32> queue(FeatureLayer layer);
}
