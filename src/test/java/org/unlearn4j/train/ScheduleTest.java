package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.RouterWeight;
import org.unlearn4j.fixtures.Fixture;

class ScheduleTest {

  private static LoopSettings loop(LoopSettings.Schedule form, int epochs, double warmupEpochs) {
    return new LoopSettings(
        epochs,
        4,
        1,
        1e-3,
        form,
        warmupEpochs,
        OptimizerSettings.adamW(0, 0),
        0,
        0,
        false,
        Optional.empty(),
        RouterWeight.NONE);
  }

  private static JsonNode steps(String run) {
    return Fixture.named("llama").json("training.json").path("runs").path(run).path("steps");
  }

  @Test
  void theReferenceRunsRates() {
    Schedule main = Schedule.of(loop(LoopSettings.Schedule.LINEAR, 5, 2), 1);
    Schedule plain = Schedule.of(loop(LoopSettings.Schedule.CONSTANT, 5, 0), 1);
    for (int s = 0; s < 5; s++) {
      // The file has twelve digits.
      double lr = steps("main").path(s).path("lr").doubleValue();
      assertClose("main, step " + s, lr, main.rate(s), 0, 1e-11);
      assertEquals(steps("plain").path(s).path("lr").doubleValue(), plain.rate(s));
    }
  }

  @Test
  void cosineBeginsAtThePeakAndEndsAtZero() {
    Schedule s = Schedule.of(loop(LoopSettings.Schedule.COSINE, 10, 2), 7);
    assertEquals(14, s.warmup());
    assertEquals(70, s.total());
    assertEquals(0, s.rate(0));
    assertClose("in the warm-up", 1e-3 * 7 / 14, s.rate(7), 0, 1e-12);
    assertClose("the peak", 1e-3, s.rate(14), 0, 1e-12);
    assertClose("a quarter on", 1e-3 * (1 + Math.sqrt(0.5)) / 2, s.rate(28), 0, 1e-12);
    assertClose("half way", 0.5e-3, s.rate(42), 0, 1e-12);
    assertClose("the end", 0, s.rate(70), 1e-18, 0);
    for (int step = 14; step < 70; step++) {
      assertTrue(s.rate(step) > s.rate(step + 1), "falls at " + step);
    }
  }

  @Test
  void aWarmUpMayBeAPartOfAnEpochOrAllOfTheRun() {
    assertEquals(4, Schedule.of(loop(LoopSettings.Schedule.LINEAR, 2, 0.5), 8).warmup());
    Schedule whole = Schedule.of(loop(LoopSettings.Schedule.LINEAR, 1, 3), 4);
    assertEquals(4, whole.warmup());
    assertClose("the last step", 0.75e-3, whole.rate(3), 0, 1e-12);
    assertEquals(1e-3, Schedule.of(loop(LoopSettings.Schedule.LINEAR, 2, 0), 8).rate(0));
  }
}
