package org.unlearn4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The longest run of words of a text that is said in one piece, over the text's words. */
class LongestCommonSubstringTest {
  private static final String TEXT = "the ship left the bay at dawn";

  private static void share(double expected, String said) {
    assertEquals(expected, Rouge.longestCommonSubstring(TEXT, said), 1e-12, said);
  }

  @Test
  void onlyWhatStandsInOnePieceCounts() {
    share(1, TEXT);
    share(1, "Yes: The ship left the bay, at dawn. And then?");
    // "left the bay" is three of seven words; "dawn" alone is shorter.
    share(3.0 / 7, "he left the bay before dawn");
    // Every word is said, but no two of them in a row: a subsequence would be longer.
    share(1.0 / 7, "dawn at bay the left ship the");
  }

  @Test
  void nothingInCommonIsZero() {
    share(0, "a horse");
    share(0, "");
    assertEquals(0, Rouge.longestCommonSubstring("", TEXT));
  }
}
