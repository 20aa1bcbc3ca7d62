package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.RobustSettings;
import org.unlearn4j.config.RobustSettings.Attack;
import org.unlearn4j.config.RouterWeight;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Segment;

/** A robust run that was killed and taken up again is the run that was not killed. */
class RobustResumeTest {
  @TempDir Path folder;

  private final StepFixture fixture = new StepFixture("llama");

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static LoopSettings loop(int batchSize, long seed) {
    return new LoopSettings(
        2,
        batchSize,
        1,
        1e-3,
        LoopSettings.Schedule.CONSTANT,
        0,
        OptimizerSettings.adamW(0, 1),
        seed,
        1,
        false,
        Optional.empty(),
        RouterWeight.NONE);
  }

  private Trainer.Finished run(
      TrainingStep step, LoopSettings loop, String name, Trainer.Listener listener) {
    fixture.assignPolicy(step.graph());
    List<TokenRow> forget = new ArrayList<>(fixture.rows().get(Segment.FORGET));
    forget.addAll(fixture.rows().get(Segment.ALTERNATE));
    double[] reference = new double[forget.size()];
    Arrays.fill(reference, 20);
    TrainingData data =
        new TrainingData(
            forget,
            fixture.rows().get(Segment.RETAIN),
            List.of(),
            Map.of(Segment.FORGET, reference));
    Trainer.Files files =
        new Trainer.Files(
            folder.resolve(name).resolve("checkpoints"),
            folder.resolve(name).resolve("log.jsonl"),
            "run");
    return new Trainer(step, loop, data, Trainer.Regularisation.NONE).run(files, listener);
  }

  private static boolean same(Map<String, float[]> a, Map<String, float[]> b) {
    return a.entrySet().stream().allMatch(e -> Arrays.equals(e.getValue(), b.get(e.getKey())));
  }

  /**
   * What an attack draws is a function of seed and step; how far it has come, here in the middle of
   * its course, lies in the checkpoint.
   */
  @ParameterizedTest
  @EnumSource(
      value = Attack.class,
      names = {"SAM", "NOISE", "RELEARN"})
  void twoEpochsAreOneAndAKillAndOne(Attack attack) {
    RobustSettings settings = new RobustSettings(attack, 0.5, 2, 1e-3, 4);
    try (TrainingStep step = TrainingSteps.robust(fixture, settings, 1)) {
      // Six rows in batches of two: three steps an epoch, the last checkpoint after the third.
      Trainer.Finished whole = run(step, loop(2, 11), "unbroken", (d, t, o) -> {});
      assertEquals(List.of(6, 0), List.of(whole.steps(), whole.resumedAt()));
      final Map<String, float[]> expected = StepFixture.weights(step.graph());
      Trainer.Listener kill =
          (done, t, o) -> {
            if (done == 4) {
              throw new Killed();
            }
          };
      assertThrows(Killed.class, () -> run(step, loop(2, 11), "broken", kill));
      Trainer.Finished resumed = run(step, loop(2, 11), "broken", (d, t, o) -> {});
      assertEquals(List.of(6, 3), List.of(resumed.steps(), resumed.resumedAt()));
      assertEquals(whole.last().total(), resumed.last().total());
      StepFixture.weights(step.graph())
          .forEach((name, w) -> assertArrayEquals(expected.get(name), w, 0f, name));
      // The comparison can fail: another seed goes elsewhere.
      run(step, loop(2, 12), "other", (d, t, o) -> {});
      assertFalse(same(expected, StepFixture.weights(step.graph())));
      // Where a step forgets every row, an attack learns those: there are no others.
      Trainer.Finished all = run(step, loop(8, 11), "all", (d, t, o) -> {});
      assertEquals(2, all.steps());
      assertTrue(Double.isFinite(all.last().total()), all.toString());
    }
  }
}
