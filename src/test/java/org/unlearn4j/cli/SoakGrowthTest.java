package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

/** A soak that grows must not pass. */
class SoakGrowthTest {
  private static List<SoakSample> samples(
      int rounds, IntToDoubleFunction mib, IntUnaryOperator files, IntUnaryOperator threads) {
    List<SoakSample> samples = new ArrayList<>();
    for (int i = 0; i < rounds; i++) {
      samples.add(
          new SoakSample(
              i + 1,
              10.0 * i,
              mib.applyAsDouble(i),
              10,
              files.applyAsInt(i),
              threads.applyAsInt(i),
              1,
              1));
    }
    return samples;
  }

  /** From 500 at round 50 to 549 at round 99: 49 of 500. */
  @Test
  void aStraightLineRisesByItsSlope() {
    SoakGrowth growth = SoakGrowth.of(samples(100, i -> 450 + i, i -> 7, i -> 7));
    assertEquals(49 / 500.0, growth.resident(), 1e-12);
    assertEquals(List.of("resident memory"), growth.breaches());
  }

  @Test
  void whatTheFirstHalfTakesIsNoGrowth() {
    SoakGrowth growth =
        SoakGrowth.of(samples(100, i -> Math.min(500, 300 + 10 * i), i -> 7, i -> i < 10 ? i : 9));
    assertEquals(0, growth.resident(), 1e-12);
    assertEquals(List.of(), growth.breaches());
  }

  @Test
  void oneFileMoreIsOneTooMany() {
    SoakGrowth growth = SoakGrowth.of(samples(100, i -> 500, i -> i < 80 ? 7 : 8, i -> i / 10));
    assertEquals(List.of("open files", "threads"), growth.breaches());
    assertTrue(SoakPlot.svg(samples(3, i -> 500, i -> 1, i -> 1)).contains("polyline"));
  }

  @Test
  void noEvidenceIsNotGoodEvidence() {
    SoakGrowth growth = SoakGrowth.of(samples(1, i -> 500, i -> 7, i -> 7));
    assertTrue(growth.breaches().contains("resident memory"));
  }
}
