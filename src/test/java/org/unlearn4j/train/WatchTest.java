package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WatchTest {

  /** 1.1 epochs of 10 steps are 11.000000000000002 in double precision, and yet 11 steps. */
  @Test
  void aPartThatIsNoBinaryFractionEndsWhereItShould() {
    Watch watch = new Watch(1.1, () -> Map.of("p", 1.0));
    assertFalse(watch.due(10, 10));
    assertTrue(watch.due(11, 10));
    assertTrue(watch.due(110, 10));
  }

  /** 5 steps an epoch: half epochs end within steps 3, 5, 8 and 10. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {"1; 5 10", "0.5; 3 5 8 10", "2; 10", "0.2; 1 2 3 4 5 6 7 8 9 10", "0; ''", "3; ''"})
  void measuresAtTheEndOfEveryPart(double epochs, String expected) {
    Watch watch = new Watch(epochs, () -> Map.of("p", 1.0));
    List<String> seen = new ArrayList<>();
    for (int done = 1; done <= 10; done++) {
      if (!watch.after(done, 5).isEmpty()) {
        seen.add("" + done);
      }
    }
    assertEquals(expected, String.join(" ", seen));
  }
}
