package org.unlearn4j.study;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpaceTest {
  private static List<String> values(Space.Dimension dimension, int count) {
    return new Space(List.of(dimension))
        .points(count).stream().map(p -> p.values().get(0)).toList();
  }

  /** In one dimension Sobol's sequence goes on from 0 with 1/2, 3/4, 1/4, 3/8, 7/8. */
  @Test
  void numbersAreSpreadEvenly() {
    assertEquals(
        List.of("3.0", "4.0", "2.0", "2.5", "4.5"),
        values(new Space.Range("k", 1, 5, false, false), 5));
  }

  /** From 1e-4 to 1e-2: 1e-4 * 100^u, that is 1e-3 at 1/2, 10^-2.5 at 3/4, 10^-3.5 at 1/4. */
  @Test
  void equalRatiosAreEquallyLikelyWhereTheRangeIsLogarithmic() {
    assertEquals(
        List.of("0.001", "0.00316", "3.16e-4"),
        values(new Space.Range("k", 1e-4, 1e-2, true, false), 3));
  }

  /** 3 to 6 are four integers: u * 4 is 2, 3, 1, 1.5; what is there already is left out. */
  @Test
  void whatIsTheSamePointIsTriedOnce() {
    Space space = new Space(List.of(new Space.Range("k", 3, 6, false, true)));
    List<Space.Point> points = space.points(4);
    assertEquals(List.of("5", "6", "4"), points.stream().map(p -> p.values().get(0)).toList());
    assertEquals(List.of(1, 2, 3), points.stream().map(Space.Point::number).toList());
    assertEquals(
        List.of("3", "4", "5", "6"),
        values(new Space.Range("k", 3, 6, false, true), 15).stream().sorted().toList());
  }

  /** u * 2 is 1, 1.5, 0.5. */
  @Test
  void choicesAreTakenAsTheyAreWritten() {
    Space.Choices choices = new Space.Choices("k", List.of("NPO", "{name: SimNPO}"));
    assertEquals(List.of("{name: SimNPO}", "NPO"), values(choices, 3));
  }

  /** In two dimensions the second point is (3/4, 1/4) and the third (1/4, 3/4). */
  @Test
  void dimensionsAreDrawnTogether() {
    Space space =
        new Space(
            List.of(
                new Space.Range("unlearn.a", 0, 4, false, false),
                new Space.Range("unlearn.b", 0, 4, false, false)));
    assertEquals(
        List.of(
            List.of("unlearn.a=2.0", "unlearn.b=2.0"),
            List.of("unlearn.a=3.0", "unlearn.b=1.0"),
            List.of("unlearn.a=1.0", "unlearn.b=3.0")),
        space.points(3).stream().map(space::overrides).toList());
  }

  /** What a plot shows of a value is what it was drawn from. */
  @Test
  void aPlaceIsWhereAValueWasDrawn() {
    Space.Range log = new Space.Range("k", 1e-4, 1e-2, true, false);
    assertEquals(0.25, log.place("3.16e-4"), 1e-3); // rounded to three digits
    assertEquals(0.5, new Space.Range("k", 3, 5, false, true).place("4"), 0);
    assertEquals(1, new Space.Choices("k", List.of("a", "b", "c")).place("c"), 0);
  }
}
