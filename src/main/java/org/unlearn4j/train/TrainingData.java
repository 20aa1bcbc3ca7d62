package org.unlearn4j.train;

import java.util.List;
import org.unlearn4j.lm.TokenRow;

/**
 * Rows to train on.
 *
 * @param forget empty for ordinary training
 * @param retain rows to keep, or, for ordinary training, to learn
 * @param forgetReference summed negative log-likelihood of each forget row under the frozen
 *     reference model, in nats; empty where the objective does not ask for it
 */
@SuppressWarnings("ArrayRecordComponent") // one number a row, handed over once
public record TrainingData(List<TokenRow> forget, List<TokenRow> retain, double[] forgetReference) {
  public TrainingData {
    forget = List.copyOf(forget);
    retain = List.copyOf(retain);
  }

  /** Rows to learn, nothing to forget. */
  public static TrainingData learn(List<TokenRow> rows) {
    return new TrainingData(List.of(), rows, new double[0]);
  }

  /** The rows that an epoch goes through: those to forget, or those to learn. */
  List<TokenRow> anchors() {
    return forget.isEmpty() ? retain : forget;
  }
}
