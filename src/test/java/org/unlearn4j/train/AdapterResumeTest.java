package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Values;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepGraph;

/**
 * A run through adapters that goes on does so from where it began: what it began with comes from
 * its checkpoint, whatever a second look at the rows finds.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS) // building a step's graph takes a while
class AdapterResumeTest {
  private static final Pipeline SETTINGS =
      Pipeline.defaults(
          "GradDiff",
          List.of(
              "unlearn.epochs=4",
              "unlearn.batch_size=2",
              "unlearn.accumulate=2",
              "unlearn.learning_rate=1e-3",
              "unlearn.adapter.rank=2",
              "unlearn.adapter.init=ReGLU",
              "unlearn.adapter.orthogonality=0.5",
              "unlearn.adapter.orthogonality_rank=3"));

  @TempDir Path folder;

  private final StepFixture fixture = new StepFixture("llama");
  private final TrainingStep step = step();

  private TrainingStep step() {
    LoopSettings loop = SETTINGS.unlearn().loop();
    Objective objective = Objectives.forTraining(SETTINGS.unlearn(), fixture.decoder(), Map.of());
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32);
    return new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), loop.accumulate());
  }

  @AfterAll
  void close() {
    step.close();
  }

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** Adapters that begin with what a seed draws. */
  private Trainer.Finished run(long seed, String name, int killedAfter) {
    fixture.assignPolicy(step.graph());
    Variables start = step.graph().weights().adapter().orElseThrow().start().orElseThrow();
    for (Variables set : List.of(step.graph().learned(), start, avoided())) {
      set.assign(p -> drawn(p, seed));
    }
    Trainer.Files files =
        new Trainer.Files(
            folder.resolve(name).resolve("checkpoints"),
            folder.resolve(name).resolve("log.jsonl"),
            "run");
    TrainingData data =
        new TrainingData(
            fixture.rows().get(Segment.FORGET),
            fixture.rows().get(Segment.RETAIN),
            List.of(),
            Map.of());
    return new Trainer(step, SETTINGS.unlearn().loop(), data, Trainer.Regularisation.NONE)
        .run(
            files,
            (done, total, outcome) -> {
              if (done == killedAfter) {
                throw new Killed();
              }
            });
  }

  private Variables avoided() {
    return step.graph().avoided().orElseThrow();
  }

  private static FloatBuffer drawn(Parameter p, long seed) {
    Random random = new Random(seed + p.name().hashCode());
    float[] values = new float[(int) p.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.1 * random.nextGaussian());
    }
    return FloatBuffer.wrap(values);
  }

  private Map<String, float[]> state() {
    Map<String, float[]> state = new LinkedHashMap<>();
    Variables start = step.graph().weights().adapter().orElseThrow().start().orElseThrow();
    Map<String, Variables> sets =
        Map.of("now ", step.graph().learned(), "start ", start, "avoided ", avoided());
    sets.forEach(
        (name, set) -> {
          try (Values values = set.values()) {
            set.parameters().forEach(p -> state.put(name + p.name(), values.of(p).array()));
          }
        });
    return state;
  }

  private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach((name, e) -> assertArrayEquals(e, actual.get(name), 0f, name));
  }

  @Test
  void theStartIsThatOfTheCheckpoint() {
    assertEquals(4, run(1, "unbroken", -1).steps());
    Map<String, float[]> expected = state();
    assertThrows(Killed.class, () -> run(1, "broken", 3));
    Trainer.Finished resumed = run(2, "broken", -1);
    assertEquals(2, resumed.resumedAt());
    assertSame(expected, state());
    // Without a checkpoint the other start leads elsewhere.
    run(2, "other", -1);
    Map<String, float[]> other = state();
    assertThrows(AssertionError.class, () -> assertSame(expected, other));
  }
}
