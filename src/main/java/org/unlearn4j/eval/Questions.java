package org.unlearn4j.eval;

import java.util.List;
import java.util.Optional;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.TokenRow;

/** What is asked of the model: how much of it a question takes, and what is done with it. */
interface Questions<Q, A> {
  /** Length in tokens, by which questions are put together. */
  int length(Q question);

  /** Which questions are asked together. */
  default List<int[]> batches(List<Q> questions, int budget) {
    return BatchPlan.byLength(questions.size(), i -> length(questions.get(i)), budget);
  }

  /** The tokens that are asked about. */
  TokenRow row(Q question);

  /** Sends questions through the model together. */
  List<A> ask(List<Q> questions);

  /** What the journal knows. */
  Optional<A> recall(Q question);

  /** Writes an answer into the journal. */
  void keep(Q question, A answer);

  /** Tokens of question and answer. */
  int tokens(Q question, A answer);
}
