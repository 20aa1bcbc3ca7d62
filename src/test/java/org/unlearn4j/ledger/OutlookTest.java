package org.unlearn4j.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** How many more requests fit, with values derived by hand. */
class OutlookTest {
  private static final double EXACT = 1e-12;

  /**
   * Falls 0.01, 0.02, 0.03: mean 0.02, deviation 0.01, t of two degrees 4.303, 0.04 left over 0.9.
   * By the mean two fit (0.04). One more with confidence: 0.02 + 0.04303 sqrt(1 + 1/3) = 0.0697 is
   * more than 0.04, so none. At most: k 0.02 - 0.04303 sqrt(k + k²/3); k = 1: -0.0297; 10: 0.2 -
   * 0.04303 · 6.583 = -0.083; 100: 2 - 0.04303 · 58.59 = -0.521; since 0.04303/sqrt(3) = 0.0248 is
   * more than 0.02 the sum never passes 0.04, and there is no end.
   */
  @Test
  void threeUnevenFalls() {
    Outlook o = Outlook.of(List.of(1.0, 0.99, 0.97, 0.94), 0.9);
    assertEquals(3, o.requests());
    assertEquals(0.04, o.left(), EXACT);
    assertEquals(0.02, o.fall(), EXACT);
    assertEquals(0.01, o.spread(), EXACT);
    assertEquals(OptionalInt.of(2), o.expected());
    assertEquals(OptionalInt.of(0), o.least());
    assertEquals(OptionalInt.empty(), o.most());
    assertTrue(o.sentence().contains("about 2 more (95 % interval: 0 to more than 999)"));
  }

  /**
   * Falls 0.009, 0.011, 0.009, 0.011: mean 0.01, deviation sqrt(4e-6/3) = 0.0011547, t of three
   * degrees 3.182, product 0.0036743; 0.06 left over 0.9. By the mean 6. At least: k = 4: 0.04 +
   * 0.0036743 sqrt(8) = 0.0504; 5: 0.05 + 0.0036743 sqrt(11.25) = 0.0623: so 4. At most: 7: 0.07 -
   * 0.0036743 sqrt(19.25) = 0.0539; 8: 0.08 - 0.0036743 sqrt(24) = 0.0620: so 7.
   */
  @Test
  void fourEvenFalls() {
    Outlook o = Outlook.of(List.of(1.0, 0.991, 0.98, 0.971, 0.96), 0.9);
    assertEquals(Math.sqrt(4e-6 / 3), o.spread(), EXACT);
    assertEquals(OptionalInt.of(6), o.expected());
    assertEquals(OptionalInt.of(4), o.least());
    assertEquals(OptionalInt.of(7), o.most());
  }

  @Test
  void oneRequestHasNoInterval() {
    Outlook o = Outlook.of(List.of(1.0, 0.98), 0.93);
    assertEquals(OptionalInt.of(2), o.expected()); // 0.05 left, 0.02 each
    assertTrue(Double.isNaN(o.spread()));
    assertEquals(OptionalInt.empty(), o.least());
    assertTrue(o.sentence().endsWith("about 2 more; one request gives no interval."));
  }

  @Test
  void belowTheLimitRetrainingIsDue() {
    Outlook o = Outlook.of(List.of(1.0, 0.95, 0.9), 0.93);
    assertTrue(o.due());
    assertTrue(o.sentence().endsWith("Full retraining is due."));
  }

  /** Utility that rises costs nothing: there is no end. */
  @Test
  void aGainHasNoEnd() {
    Outlook o = Outlook.of(List.of(1.0, 1.01, 1.02), 0.93);
    assertEquals(OptionalInt.empty(), o.expected());
  }

  /** The table's neighbours: 2.040 for 31 degrees, 1.980 for 120 (any table of Student's). */
  @Test
  void quantilesBeyondTheTable() {
    assertEquals(2.040, Outlook.student(31), 0.005);
    assertEquals(1.980, Outlook.student(120), 0.001);
    assertEquals(12.706, Outlook.student(1), EXACT);
  }

  @Test
  void noRequestIsAMistakeOfTheCaller() {
    assertThrows(IllegalArgumentException.class, () -> Outlook.of(List.of(1.0), 0.9));
  }
}
