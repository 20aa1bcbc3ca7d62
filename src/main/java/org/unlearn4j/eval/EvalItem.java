package org.unlearn4j.eval;

import java.util.List;
import java.util.Optional;
import org.unlearn4j.lm.TokenRow;

/**
 * One question of an evaluation set, already in tokens.
 *
 * @param index its place in the data file, from 0
 * @param question the question as text, for reports
 * @param answer the true answer as text, which generations are compared with
 * @param answerRow the prompt and the true answer, labels on the answer and its end-of-text token
 * @param paraphrase the same with the answer in other words, where the data set has one
 * @param perturbed the same with wrong answers; empty where the data set has none
 * @param prompt token ids that a generation continues
 * @param kind what the answer is, and whether it is whole
 */
@SuppressWarnings("ArrayRecordComponent") // made once from the data set and never changed
public record EvalItem(
    int index,
    String question,
    String answer,
    TokenRow answerRow,
    Optional<TokenRow> paraphrase,
    List<TokenRow> perturbed,
    int[] prompt,
    Kind kind) {

  /** What an answer is. */
  public enum Kind {
    /** An answer whose last label is an end-of-text token. */
    ANSWER,
    /** The beginning of an answer, as far as it was cut. */
    CUT_ANSWER,
    /** How a text goes on, as far as it was cut. */
    CONTINUATION
  }

  public EvalItem {
    perturbed = List.copyOf(perturbed);
  }

  /** Whether the last label is an end-of-text token. */
  public boolean ended() {
    return kind == Kind.ANSWER;
  }

  /** An item whose last label is an end-of-text token. */
  public EvalItem(
      int index,
      String question,
      String answer,
      TokenRow answerRow,
      Optional<TokenRow> paraphrase,
      List<TokenRow> perturbed,
      int[] prompt) {
    this(index, question, answer, answerRow, paraphrase, perturbed, prompt, Kind.ANSWER);
  }
}
