package org.unlearn4j.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.lm.TokenRow;

/**
 * Rides on a failure of a model, as one of its suppressed exceptions: which rows it was asked
 * together, so that who knows the rows' sets can name them.
 */
public final class FailedRows extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<TokenRow> rows;

  FailedRows(List<TokenRow> rows) {
    super(rows.size() + " rows were asked together", null, false, false);
    this.rows = List.copyOf(rows);
  }

  /** The rows that a failure was of; empty where it was none of a model. */
  public static Optional<List<TokenRow>> of(Throwable failure) {
    return Arrays.stream(failure.getSuppressed())
        .filter(FailedRows.class::isInstance)
        .map(f -> ((FailedRows) f).rows)
        .findFirst();
  }
}
