package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class AlignmentTest {

  /** "It is A B Press ." beside "It is C D E Press .": frame opposite frame, names beside names. */
  @Test
  void whatStandsBetweenEqualTokensGetsTheMeanOfWhatStandsThere() {
    Alignment alignment =
        Alignment.of(new int[] {1, 2, 10, 11, 3, 4}, new int[] {1, 2, 20, 21, 22, 3, 4});
    assertArrayEquals(new int[] {0, 1, -1, -1, 5, 6}, alignment.opposite());
    double[] carried = alignment.carry(new double[] {0.1, 0.2, 3, 4, 8, 0.3, 0.4});
    assertArrayEquals(new double[] {0.1, 0.2, 5, 5, 0.3, 0.4}, carried, 1e-15);
  }

  /** Two gaps, 20 | 3 | 21: each has its own mean. */
  @Test
  void eachGapHasItsOwnMean() {
    Alignment alignment = Alignment.of(new int[] {10, 3, 11, 4}, new int[] {20, 3, 21, 4});
    assertArrayEquals(
        new double[] {7, 0.5, 2, 0.25}, alignment.carry(new double[] {7, 0.5, 2, 0.25}), 1e-15);
  }

  /** Nothing stands between 1 and 2 there: the mean of the others without an opposite, 6. */
  @Test
  void aGapThatTheOtherDoesNotHaveGetsTheMeanOfAllWithoutAnOpposite() {
    Alignment alignment = Alignment.of(new int[] {1, 10, 2, 11}, new int[] {1, 2, 20, 21});
    assertArrayEquals(
        new double[] {0.5, 6, 0.25, 6}, alignment.carry(new double[] {0.5, 0.25, 4, 8}), 1e-15);
  }

  /** All of the second are opposite: the mean of all, (1 + 3) / 2. */
  @Test
  void whereEveryTokenHasAnOppositeTheMeanOfAll() {
    Alignment alignment = Alignment.of(new int[] {1, 10, 2}, new int[] {1, 2});
    assertArrayEquals(new double[] {1, 2, 3}, alignment.carry(new double[] {1, 3}), 1e-15);
  }

  /** Matching the first 5 greedily would leave 2 opposite tokens of 3. */
  @Test
  void asManyTokensAsPossibleStandOpposite() {
    Alignment alignment = Alignment.of(new int[] {5, 1, 2, 3}, new int[] {1, 2, 3, 5});
    assertArrayEquals(new int[] {-1, 0, 1, 2}, alignment.opposite());
  }
}
