package org.unlearn4j.run;

import java.util.List;
import java.util.Optional;
import org.unlearn4j.lm.TokenRow;

/**
 * What can be taught by itself: a pair or a passage.
 *
 * @param rows of a pair, in its forms; the windows of a passage
 * @param passage its text; empty for a pair
 */
record Lesson(List<TokenRow> rows, Optional<String> passage) {
  Lesson {
    rows = List.copyOf(rows);
  }
}
