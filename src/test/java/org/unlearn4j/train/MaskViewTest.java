package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.unlearn4j.lm.TokenRow;

class MaskViewTest {
  private static final int MASK = 99;
  private static final int BEGIN = 1;
  private static final int END = 2;
  private static final MaskView VIEW = new MaskView(MASK, Set.of(BEGIN, END), 0.15, 5);

  /** Begin, ten of a prompt, nine of an answer, end; labelled from 11. */
  private static TokenRow row() {
    int[] ids = new int[21];
    for (int t = 0; t < ids.length; t++) {
      ids[t] = t == 0 ? BEGIN : t == 20 ? END : 10 + t;
    }
    int[] labels = ids.clone();
    Arrays.fill(labels, 0, 11, TokenRow.IGNORED);
    return new TokenRow(ids, labels);
  }

  @Test
  void masksPromptAndAnswerAlikeWithTheProbability() {
    TokenRow row = row();
    int rows = 20_000;
    int[] masked = new int[row.length()];
    for (int i = 0; i < rows; i++) {
      TokenRow view = VIEW.of(row, 3, i);
      assertArrayEquals(row.labels(), view.labels());
      for (int t = 0; t < row.length(); t++) {
        if (view.ids()[t] != row.ids()[t]) {
          assertEquals(MASK, view.ids()[t]);
          masked[t]++;
        }
      }
    }
    assertEquals(0, masked[0], "a special token");
    assertEquals(0, masked[20], "a special token");
    // Binomial: standard deviation sqrt(p (1 - p) / n) = 0.0025 a place; five of them.
    for (int t = 1; t < 20; t++) {
      assertClose("share at " + t, 0.15, (double) masked[t] / rows, 0.0126, 0);
    }
  }

  @Test
  void neighbouringRowsStepsAndSeedsAreDrawnApart() {
    TokenRow row = row();
    assertEquals(VIEW.of(row, 3, 4), VIEW.of(row, 3, 4));
    MaskView other = new MaskView(MASK, Set.of(BEGIN, END), 0.15, 6);
    int rows = 2000;
    int same = 0;
    for (int i = 0; i < rows; i++) {
      TokenRow view = VIEW.of(row, 3, i);
      same += VIEW.of(row, 4, i).equals(view) ? 1 : 0;
      same += VIEW.of(row, 3, i + 1).equals(view) ? 1 : 0;
      same += other.of(row, 3, i).equals(view) ? 1 : 0;
    }
    // Two independent views agree at a place with 0.85^2 + 0.15^2, at all 19 with 0.0025.
    assertClose("agreements", 3 * rows * Math.pow(0.745, 19), same, 24, 0);
  }

  @Test
  void theRowItselfIsNotTouched() {
    TokenRow row = row();
    TokenRow copy = new TokenRow(row.ids().clone(), row.labels().clone());
    MaskView all = new MaskView(MASK, Set.of(BEGIN), 1, 5);
    TokenRow view = all.of(row, 0, 0);
    assertEquals(copy, row);
    assertEquals(BEGIN, view.ids()[0]);
    assertEquals(20, Arrays.stream(view.ids()).filter(id -> id == MASK).count());
    assertEquals(row, new MaskView(MASK, Set.of(), 0, 5).of(row, 0, 0));
    assertNotEquals(row, view);
  }
}
