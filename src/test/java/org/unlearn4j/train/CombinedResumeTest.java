package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.CombineSettings;
import org.unlearn4j.config.CombineSettings.Rule;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.RouterWeight;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Segment;

/** A run that combines gradients, killed and taken up again, is the run that was not killed. */
class CombinedResumeTest {
  private static final LoopSettings LOOP =
      new LoopSettings(
          2,
          2,
          1,
          1e-3,
          LoopSettings.Schedule.CONSTANT,
          0,
          OptimizerSettings.adamW(0, 1),
          11,
          1,
          false,
          Optional.empty(),
          RouterWeight.NONE);

  @TempDir Path folder;

  private final StepFixture fixture = new StepFixture("llama");

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private TrainingStep step(double average) {
    return TrainingSteps.combined(
        fixture,
        TrainingSteps.npo(fixture),
        Computations.FP32,
        new CombineSettings(Rule.AGREE, average),
        Optional.empty(),
        1);
  }

  private Trainer.Finished run(TrainingStep step, String name, Trainer.Listener listener) {
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
    Path own = folder.resolve(name);
    Trainer.Files files =
        new Trainer.Files(own.resolve("checkpoints"), own.resolve("log.jsonl"), "run");
    return new Trainer(step, LOOP, data, Trainer.Regularisation.NONE).run(files, listener);
  }

  private static boolean same(Map<String, float[]> a, Map<String, float[]> b) {
    return a.entrySet().stream().allMatch(e -> Arrays.equals(e.getValue(), b.get(e.getKey())));
  }

  /** The moving average, which a rule remembers of earlier steps, lies in the checkpoint. */
  @Test
  void twoEpochsAreOneAndAKillAndOne() {
    try (TrainingStep step = step(0.9)) {
      // Six rows in batches of two: three steps an epoch, the last checkpoint after the third.
      Trainer.Finished whole = run(step, "unbroken", (d, t, o) -> {});
      assertEquals(List.of(6, 0), List.of(whole.steps(), whole.resumedAt()));
      final Map<String, float[]> expected = StepFixture.weights(step.graph());
      Trainer.Listener kill =
          (done, t, o) -> {
            if (done == 4) {
              throw new Killed();
            }
          };
      assertThrows(Killed.class, () -> run(step, "broken", kill));
      Trainer.Finished resumed = run(step, "broken", (d, t, o) -> {});
      assertEquals(List.of(6, 3), List.of(resumed.steps(), resumed.resumedAt()));
      assertEquals(whole.last().total(), resumed.last().total());
      StepFixture.weights(step.graph())
          .forEach((name, w) -> assertArrayEquals(expected.get(name), w, 0f, name));
      // The comparison can fail: without what is remembered the run goes elsewhere.
      assertThrows(Killed.class, () -> run(step, "forgetful", kill));
      Trainer.Listener forgetting =
          (done, t, o) -> {
            if (done == 4) {
              step.averaged().orElseThrow().zero();
            }
          };
      run(step, "forgetful", forgetting);
      assertFalse(same(expected, StepFixture.weights(step.graph())));
    }
  }
}
