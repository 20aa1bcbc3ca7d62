package org.unlearn4j.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.unlearn4j.eval.KolmogorovSmirnov;

class HistogramTest {

  /** 1.25 over at most 4 bins is at least 0.3125 a bin; the next of 1, 2, 5 times ten^n is 0.5. */
  @Test
  void binsAreRoundAndHoldEveryValue() {
    Histogram bins = Histogram.over(new double[] {-0.6, 0.1, 0.65}, 4);
    assertEquals(0.5, bins.width(), 1e-12);
    assertEquals(-1.0, bins.from(), 1e-12, "a multiple of the width at or below -0.6");
    assertEquals(4, bins.bins(), "-1 to 1 in halves");
    assertEquals(1.0, bins.to(), 1e-12);
  }

  /**
   * Halves from -1: -0.6 is in the first, -0.5 begins the second, 0.1 and 0.49 are in the third,
   * 0.5 begins the fourth. A value on an edge that fell to the bin below would give 0.4, 0, 0.6, 0.
   */
  @Test
  void anEdgeBelongsToTheBinAbove() {
    double[] shares = new Histogram(-1, 0.5, 4).shares(new double[] {-0.6, -0.5, 0.1, 0.49, 0.5});
    assertArrayEquals(new double[] {0.2, 0.2, 0.4, 0.2}, shares, 1e-12);
    assertEquals(1, Arrays.stream(shares).sum(), 1e-12);
  }

  /** The largest value is an edge itself, and needs a bin above it. */
  @Test
  void theLargestValueHasABin() {
    Histogram bins = Histogram.over(new double[] {0, 1}, 10);
    assertEquals(0.1, bins.width(), 1e-12);
    double[] shares = bins.shares(new double[] {0, 1});
    assertEquals(0.5, shares[0], 1e-12);
    assertEquals(0.5, shares[bins.bins() - 1], 1e-12);
    assertTrue(bins.to() > 1, "to " + bins.to());
  }

  @Test
  void equalValuesAreOneBin() {
    Histogram bins = Histogram.over(new double[] {0.3, 0.3}, 10);
    assertEquals(1, bins.bins());
    assertArrayEquals(new double[] {1}, bins.shares(new double[] {0.3, 0.3}), 1e-12);
  }

  /**
   * Ours 1, 2, 3, 4; theirs 3, 4, 5: up to 2 are 2/4 of ours and none of theirs, which is 1/2; up
   * to 4 all of ours and 2/3 of theirs, 1/3. So the largest distance is 1/2, at 2.
   */
  @Test
  void theGapIsTheKolmogorovSmirnovDistance() {
    double[] ours = {1, 2, 3, 4};
    double[] theirs = {3, 4, 5};
    TruthRatios.Gap gap = TruthRatios.Gap.between(ours, theirs);
    assertEquals(2, gap.at(), 0);
    assertEquals(0.5, gap.ours(), 1e-12);
    assertEquals(0, gap.theirs(), 1e-12);
    assertEquals(
        KolmogorovSmirnov.twoSample(ours, theirs).statistic(), gap.distance(), 1e-12, "same test");
  }

  @Test
  void numbersAtAxes() {
    assertEquals("0.05", Numbers.tick(0.05));
    assertEquals("0", Numbers.tick(0));
    assertEquals("10", Numbers.tick(10));
    assertEquals("100", Numbers.tick(100));
    assertEquals("10⁻⁴", Numbers.tick(1e-4));
    assertEquals("−0.5", Numbers.tick(-0.5));
    assertEquals("28 %", Numbers.percent(0.281));
    assertEquals("6.8 %", Numbers.percent(0.068));
    assertEquals("5 %", Numbers.percent(0.05));
    assertEquals("96.6 %", Numbers.tenths(0.9659));
  }
}
