package org.unlearn4j.attack;

import java.util.List;
import org.unlearn4j.lm.TokenRow;

/**
 * A probe in a model's tokens.
 *
 * @param probe as it was asked, with as many pairs before it as there is room for
 * @param prompt token ids
 * @param rows the prompt with the expected answer, or with each option
 */
@SuppressWarnings("ArrayRecordComponent") // made once and never changed
public record Encoded(Probe probe, int[] prompt, List<TokenRow> rows) {
  public Encoded {
    rows = List.copyOf(rows);
  }
}
