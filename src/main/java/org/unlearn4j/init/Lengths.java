package org.unlearn4j.init;

import java.util.List;
import java.util.Locale;
import java.util.function.ToIntFunction;

/**
 * How long rows and windows may be.
 *
 * @param row most tokens of a row
 * @param window most tokens of a window of a passage; 0: there are no passages
 * @param overlap tokens that a window shows again
 * @param longest row that there is, in tokens; 0: there are only passages
 */
record Lengths(int row, int window, int overlap, int longest) {
  /** A window of a passage; longer ones bring little, and memory grows with them. */
  private static final int WINDOW = 256;

  /** Lengths are rounded up to a multiple of this. */
  private static final int STEP = 8;

  /** The least that is tried where memory is short. */
  private static final int LEAST = 32;

  /** As long as the data asks for and the model allows. */
  static Lengths of(DataFacts data, int positions) {
    return of(data, positions, positions);
  }

  private static Lengths of(DataFacts data, int positions, int most) {
    int longest = over(data.all(), s -> Side.most(s.rows()));
    int text = over(data.all(), s -> Side.most(s.texts()));
    int row = Math.min(rounded(longest), Math.min(positions, most));
    int window =
        text == 0 ? 0 : Math.min(Math.min(WINDOW, rounded(text)), Math.min(positions, most));
    int overlap = text > window ? window / 8 : 0;
    return new Lengths(Math.max(row, window), window, overlap, longest);
  }

  /** Half of these lengths; the same where they are as short as can be. */
  Lengths halved(DataFacts data, int positions) {
    return row / 2 < LEAST ? this : of(data, positions, row / 2);
  }

  private static int over(List<Side> sides, ToIntFunction<Side> length) {
    return sides.stream().mapToInt(length).max().orElse(0);
  }

  private static int rounded(int tokens) {
    return (tokens + STEP - 1) / STEP * STEP;
  }

  /** Why rows are as long as that. */
  String why(ModelFacts model) {
    String reads = String.format(Locale.ROOT, "the model reads %,d", model.positions());
    if (longest == 0) {
      return "a window of text has at most " + WINDOW + " tokens; " + reads;
    }
    String most =
        String.format(Locale.ROOT, "the longest row has %,d tokens and %s", longest, reads);
    return longest > row
        ? most + "; longer rows lose their end, or become windows if they are conversations"
        : most + "; no row is cut";
  }
}
