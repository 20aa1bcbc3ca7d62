package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {

  /** Four of ten: every 2.5th, rounded down. */
  @Test
  void elementsAtEqualDistances() {
    assertEquals(List.of(0, 2, 5, 7), Spread.of(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), 4));
  }

  @Test
  void noMoreThanThereAre() {
    assertEquals(List.of(1, 2), Spread.of(List.of(1, 2), 5));
    assertEquals(List.of(), Spread.of(List.of(), 5));
  }
}
