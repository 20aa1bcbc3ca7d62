package org.unlearn4j.train;

import java.util.List;
import org.unlearn4j.lm.TokenRow;

/** How the positive of a forget row is made: what CLReg pulls the row towards. */
public sealed interface View permits MaskView, View.Given, View.InGraph {

  /**
   * The view of a row at a step.
   *
   * @param step counted from 0
   * @param index of the row in the forget set
   */
  TokenRow of(TokenRow row, int step, int index);

  /**
   * A row that is known beforehand: the data set's own words for the same answer, or the like row
   * about somebody whom the model does not know.
   *
   * @param rows one a forget row
   */
  record Given(List<TokenRow> rows) implements View {
    public Given {
      rows = List.copyOf(rows);
    }

    @Override
    public TokenRow of(TokenRow row, int step, int index) {
      return rows.get(index);
    }
  }

  /** The same tokens; the step graph disturbs what it makes of them. */
  record InGraph() implements View {
    @Override
    public TokenRow of(TokenRow row, int step, int index) {
      return row;
    }
  }
}
