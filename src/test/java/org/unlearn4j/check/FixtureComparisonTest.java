package org.unlearn4j.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

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
}
