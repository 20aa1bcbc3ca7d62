package org.unlearn4j.eval;

import java.util.List;
import java.util.Set;
import org.unlearn4j.base.Shard;
import org.unlearn4j.lm.TokenRow;

/** Metrics that belong together, over data that is already in tokens. */
public sealed interface Suite permits TofuSuite, MuseSuite, ChoiceSuite {

  /**
   * Measures a model. A metric is in the result exactly if its inputs are there.
   *
   * @param required metrics that must be in the result; may be empty
   * @throws org.unlearn4j.base.UserException if a required metric cannot be computed from what is
   *     given, or if the retain-only evaluation is of another suite or of other rows
   */
  EvaluationResult evaluate(Subject subject, Set<String> required);

  /**
   * Asks the model a part of what {@link #evaluate} asks it, whole batches of the same plan, and
   * leaves the answers in the journal: an evaluation whose journal has those of all parts asks the
   * model nothing more.
   *
   * @return who asked
   */
  Scorer ask(Subject subject, Shard shard);

  /**
   * Rows with the right answers of all sets of a role, in order: what features and logits are
   * compared on.
   */
  List<TokenRow> rows(EvalSet.Role role);

  /**
   * What is measured, set by set; empty for multiple choice, whose questions have no answer row.
   */
  List<EvalSet> sets();

  /** Rows of sets of questions. */
  static List<TokenRow> rows(List<EvalSet> sets, EvalSet.Role role) {
    return sets.stream()
        .filter(s -> s.role() == role)
        .flatMap(s -> s.items().stream())
        .map(EvalItem::answerRow)
        .toList();
  }
}
