package org.unlearn4j.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.unlearn4j.tf.Precision;

class FixtureComparisonTest {
  @Test
  void notANumberDoesNotHold() {
    FixtureComparison nan = new FixtureComparison();
    assertFalse(nan.holds(), "nothing was compared");
    nan.add("logits", "here", 1, Double.NaN, 10);
    nan.add("logits", "there", 1, 100, 10);
    assertFalse(nan.holds());
    assertEquals("here", nan.worst().get("logits").where());
  }

  /**
   * GradDiff's total is 0.88 = 2.06 - 1.18; in bfloat16 (3 %) either part may be off by its own.
   */
  @Test
  void aTotalMayBeOffByWhatItsPartsMay() {
    FixtureTolerance tolerance = FixtureTolerance.of(Precision.BF16);
    assertEquals(0.03 * 3.24, tolerance.totalAllowed(-1.18, 2.06), 1e-12);
    assertEquals(0.03, tolerance.totalAllowed(0.2, -0.3), 1e-12, "absolute below 1");
  }

  @Test
  void theWorstPositionsAreSparedButNeverNaN() {
    FixtureComparison two = new FixtureComparison();
    two.addAllBut(1, List.of(at(0.5), at(3), at(2)));
    assertEquals(2, two.worst().get("logits").difference(), "3 is spared, 2 is not");
    assertFalse(two.holds());
    FixtureComparison none = new FixtureComparison();
    none.addAllBut(0, List.of(at(0.5), at(3)));
    assertFalse(none.holds());
    FixtureComparison nan = new FixtureComparison();
    nan.addAllBut(1, List.of(at(0.5), at(Double.NaN)));
    assertFalse(nan.holds());
  }

  private static FixtureComparison at(double difference) {
    FixtureComparison one = new FixtureComparison();
    one.add("logits", "here", 0, difference, 1);
    return one;
  }
}
