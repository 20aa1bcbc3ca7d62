package org.unlearn4j.lm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class TableExpTest {
  @Test
  void isTheExponentialWithinTwoUnitsInTheLastPlace() {
    Random random = new Random(3);
    for (int i = 0; i < 200_000; i++) {
      double x = -random.nextDouble() * (i % 2 == 0 ? 30 : 720);
      double expected = StrictMath.exp(x);
      double off = Math.abs(TableExp.of(x) - expected) / Math.ulp(expected);
      assertTrue(off <= 2, x + ": " + off + " units in the last place");
    }
  }

  @Test
  void bordersAndWhatLiesBeyondThem() {
    assertEquals(1, TableExp.of(0));
    assertEquals(1, TableExp.of(-0.0));
    assertEquals(0, TableExp.of(Double.NEGATIVE_INFINITY));
    assertEquals(StrictMath.exp(-740), TableExp.of(-740), "below normal numbers");
    assertEquals(StrictMath.exp(3), TableExp.of(3), "above one");
    assertTrue(Double.isNaN(TableExp.of(Double.NaN)));
  }
}
