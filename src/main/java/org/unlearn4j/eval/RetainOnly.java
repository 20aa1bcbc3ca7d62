package org.unlearn4j.eval;

import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.UserException;

/**
 * The evaluation of the model that never saw the forget set, as a yardstick: its rows, which are
 * those of the evaluation that is measured against it or a mistake.
 */
record RetainOnly(EvaluationResult evaluation) {

  static Optional<RetainOnly> of(Optional<EvaluationResult> evaluation) {
    return evaluation.map(RetainOnly::new);
  }

  /**
   * Checks that it is of the same suite.
   *
   * @throws UserException if it is of another one
   */
  void requireSuite(String suite) {
    if (!evaluation.suite().equals(suite)) {
      throw new UserException(
          "reference: found an evaluation of "
              + evaluation.model()
              + " by suite "
              + evaluation.suite()
              + ", expected one by suite "
              + suite
              + ".");
    }
  }

  /**
   * A number of each of its rows, in the order of {@code rows}.
   *
   * @return empty unless every row has it
   * @throws UserException if its rows are others
   */
  Optional<double[]> values(String set, List<RowResult> rows, String name) {
    List<RowResult> theirs = evaluation.rows(set);
    boolean same = rows.size() == theirs.size();
    for (int i = 0; same && i < rows.size(); i++) {
      same = rows.get(i).index() == theirs.get(i).index();
      same &= rows.get(i).question().equals(theirs.get(i).question());
      same &= rows.get(i).answer().equals(theirs.get(i).answer());
    }
    if (!same) {
      throw new UserException(
          "reference: found "
              + theirs.size()
              + " "
              + set
              + " rows in the evaluation of "
              + evaluation.model()
              + ", expected the "
              + rows.size()
              + " rows of this one in the same order.");
    }
    return RowResult.all(theirs, name);
  }
}
