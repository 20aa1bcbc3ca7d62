package org.unlearn4j.base;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** "Did you mean ...?": the known word a mistyped one most likely stands for. */
public final class Nearest {
  /** No slip of a keyboard makes a word longer, and the comparison takes its square. */
  private static final int LONGEST = 100;

  private Nearest() {}

  /**
   * The known word nearest to {@code word} by edit distance, case aside; empty if none is near
   * enough to be a slip of the keyboard (a third of the letters).
   */
  public static Optional<String> to(String word, Collection<String> known) {
    if (word.length() > LONGEST) {
      return Optional.empty();
    }
    int limit = Math.max(1, word.length() / 3);
    return known.stream()
        .filter(k -> distance(word, k) <= limit)
        .min(Comparator.comparingInt(k -> distance(word, k)));
  }

  /** {@code (did you mean X?)} with a space before it, or nothing. */
  public static String hint(String word, Collection<String> known) {
    return to(word, known).map(k -> " (did you mean " + k + "?)").orElse("");
  }

  /** Edit distance with swaps of neighbours counted once (restricted Damerau-Levenshtein). */
  private static int distance(String left, String right) {
    String a = left.toLowerCase(Locale.ROOT);
    String b = right.toLowerCase(Locale.ROOT);
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + change, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        if (swapped) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
