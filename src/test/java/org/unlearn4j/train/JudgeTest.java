package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JudgeTest {
  private static final Judge.Aim AIM = new Judge.Aim("forget_prob", 0.2, 0.9);

  private static Map<String, Double> seen(double forget, double retain) {
    return Map.of("forget_prob", forget, "retain_prob", retain);
  }

  private static Judge stopping(int patience) {
    Judge.Stop stop = new Judge.Stop(AIM, 1.0, 0.05, patience);
    return new Judge(Optional.of(stop), Optional.empty(), 0.5);
  }

  /** Steps are measured one after the other; the last one is that at which training ends. */
  private static int end(Judge judge, String forget, String retain) {
    String[] f = forget.split(" ", -1);
    String[] r = retain.split(" ", -1);
    for (int i = 0; i < f.length; i++) {
      judge.seen(i + 1, seen(Double.parseDouble(f[i]), Double.parseDouble(r[i])));
      if (judge.ended().isPresent()) {
        return i + 1;
      }
    }
    return 0;
  }

  /**
   * The goal is 0.2 with a band of 0.05 and begins at 1.0, so 0.25 and all below it has reached it.
   * Utility is retain_prob over 0.5, so 0.45 is the least that is enough.
   */
  @ParameterizedTest
  @CsvSource({
    "1, 0.6 0.24 0.1, 0.5 0.5 0.5, 2",
    "2, 0.6 0.24 0.1, 0.5 0.5 0.5, 3",
    "2, 0.6 0.24 0.3 0.24 0.22, 0.5 0.5 0.5 0.5 0.5, 5",
    "1, 0.9 0.02, 0.5 0.5, 2",
    "1, 0.9 0.8 0.7, 0.5 0.44 0.5, 2",
    "2, 0.9 0.8 0.7, 0.5 0.44 0.46, 0",
    "2, 0.9 0.8 0.7, 0.5 0.44 0.40, 3"
  })
  void endsWhereItSaysSoOftenEnough(int patience, String forget, String retain, int expected) {
    assertEquals(expected, end(stopping(patience), forget, retain));
  }

  /** A number that shall rise has reached its goal from below. */
  @Test
  void whatShallRiseEndsAboveItsGoal() {
    Judge.Stop stop = new Judge.Stop(AIM, 0.0, 0.01, 1);
    Judge judge = new Judge(Optional.of(stop), Optional.empty(), 0.5);
    assertEquals(3, end(judge, "0.1 0.15 0.4", "0.5 0.5 0.5"));
  }

  private static List<Integer> kept(double[][] values) {
    Judge judge = new Judge(Optional.empty(), Optional.of(AIM), 0.5);
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      if (judge.seen(i + 1, seen(values[i][0], values[i][1]))) {
        kept.add(i + 1);
      }
    }
    assertEquals(kept.get(kept.size() - 1), judge.chosen().orElseThrow());
    return kept;
  }

  /**
   * The third is nearer than the second but keeps too little; the fifth is as near as the fourth.
   */
  @Test
  void keepsTheNearestThatKeepsEnough() {
    double[][] values = {{0.9, 0.5}, {0.4, 0.46}, {0.2, 0.3}, {0.3, 0.45}, {0.1, 0.45}, {0.0, 0.5}};
    assertEquals(List.of(1, 2, 4), kept(values));
  }

  /** Where none keeps enough, the one that keeps most; one that does keep enough beats it. */
  @Test
  void whatKeepsTooLittleIsComparedByWhatItKeeps() {
    assertEquals(
        List.of(1, 3, 4), kept(new double[][] {{0.2, 0.2}, {0.2, 0.1}, {0.9, 0.3}, {1, 0.5}}));
  }

  @Test
  void noNumberIsNeverTheBest() {
    Judge judge = new Judge(Optional.empty(), Optional.of(AIM), 0.5);
    assertFalse(judge.seen(1, seen(Double.NaN, 0.5)));
    assertTrue(judge.seen(2, seen(0.9, 0.5)));
    assertFalse(judge.seen(3, seen(0.2, Double.NaN)));
    assertEquals(Optional.of(2), judge.chosen());
  }

  @Test
  void whatIsRememberedReadsBackAsItWas() {
    Judge.State state = new Judge.State(7, 0.1 + 0.2, 1 / 3.0, 1, 2);
    assertEquals(state, Judge.State.of(state.text()));
  }
}
