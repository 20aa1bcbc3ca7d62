package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.StopRequests;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.RouterWeight;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;

/** A judged run that was killed ends where, and as, the run that was not killed does. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS) // building a step's graph takes a while
class JudgedResumeTest {
  private static final int STEPS = 8;
  private static final int SIGTERM = 15;

  /** Four epochs of two steps, with a checkpoint after steps 2, 4, 6 and 8. */
  private static final LoopSettings LOOP =
      new LoopSettings(
          4,
          2,
          1,
          1e-3,
          LoopSettings.Schedule.CONSTANT,
          0,
          OptimizerSettings.adamW(0.01, 1),
          11,
          1,
          false,
          Optional.empty(),
          RouterWeight.NONE);

  @TempDir Path folder;

  private final StepFixture fixture = new StepFixture("llama");
  private final TrainingStep step = process();

  /** What an unjudged run is watched to be after each step, and its weights there. */
  private final List<Double> values = new ArrayList<>();

  private final List<Map<String, float[]>> weights = new ArrayList<>();
  private Map<String, float[]> start = Map.of();

  private TrainingStep process() {
    StepGraph graph =
        new StepGraph(fixture.decoder(), TrainingSteps.npo(fixture), Computations.FP32);
    return new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 1);
  }

  @AfterAll
  void close() {
    step.close();
  }

  @BeforeAll
  void unjudged(@TempDir Path own) {
    fixture.assignPolicy(step.graph());
    start = StepFixture.weights(step.graph());
    run(
        files(own),
        Judge.none(),
        (done, total, outcome) -> {
          assertEquals(STEPS, total);
          weights.add(StepFixture.weights(step.graph()));
          values.add(measure().get("forget_prob"));
        });
    for (int i = 1; i < STEPS; i++) {
      assertTrue(values.get(i) < values.get(i - 1), "moves away from where it began: " + values);
    }
  }

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** A number that falls while the weights move away from where they began. */
  private Map<String, Double> measure() {
    double far = 0;
    Map<String, float[]> now = StepFixture.weights(step.graph());
    for (String name : now.keySet()) {
      for (int i = 0; i < now.get(name).length; i++) {
        far += Math.abs(now.get(name)[i] - start.get(name)[i]);
      }
    }
    return Map.of("forget_prob", Math.exp(-far), "retain_prob", 1.0);
  }

  private Trainer.Files files(String name) {
    return files(folder.resolve(name));
  }

  private static Trainer.Files files(Path own) {
    return new Trainer.Files(own.resolve("checkpoints"), own.resolve("log.jsonl"), "run");
  }

  private Trainer.Finished run(Trainer.Files files, Judge judge, Trainer.Listener listener) {
    fixture.assignPolicy(step.graph());
    int rows = fixture.rows().get(Segment.FORGET).size();
    assertEquals(3, rows, "a batch of two and one of one");
    TrainingData data =
        new TrainingData(
                fixture.rows().get(Segment.FORGET),
                fixture.rows().get(Segment.RETAIN),
                List.of(),
                Map.of())
            .withReference(Map.of(Segment.FORGET, new double[rows]));
    return new Trainer(step, LOOP, data, Trainer.Regularisation.NONE)
        .run(files, listener, new Watch(0.5, this::measure), judge);
  }

  /** Chooses the state after a step: its goal is what was measured there. */
  private Judge choosing(int wanted) {
    Judge.Aim aim = new Judge.Aim("forget_prob", values.get(wanted - 1), 0.9);
    return new Judge(Optional.empty(), Optional.of(aim), 1);
  }

  /** Ends with the second measurement that has reached the goal, which step 5 does first. */
  private Judge stopping() {
    Judge.Aim aim = new Judge.Aim("forget_prob", values.get(4), 0.9);
    return new Judge(Optional.of(new Judge.Stop(aim, 1, 0, 2)), Optional.empty(), 1);
  }

  private Trainer.Listener killAfter(int steps, Path checkpoints) {
    return (done, total, outcome) -> {
      assertTrue(kept(checkpoints) <= 2, "kept states after step " + done);
      if (done == steps) {
        throw new Killed();
      }
    };
  }

  private static int kept(Path checkpoints) {
    String[] names = checkpoints.toFile().list((f, name) -> name.startsWith("kept-"));
    return names == null ? 0 : names.length;
  }

  private void assertWeights(int afterStep) {
    Map<String, float[]> now = StepFixture.weights(step.graph());
    weights.get(afterStep - 1).forEach((name, e) -> assertArrayEquals(e, now.get(name), 0f, name));
  }

  @Test
  void theChosenStateSurvivesAKill() {
    Trainer.Files files = files("chosen");
    // Killed after step 5, so that it goes on from step 4; step 3 was kept before that.
    assertThrows(Killed.class, () -> run(files, choosing(3), killAfter(5, files.checkpoints())));
    Judge judge = choosing(3);
    Trainer.Finished resumed = run(files, judge, killAfter(-1, files.checkpoints()));
    assertEquals(List.of(8, 4), List.of(resumed.steps(), resumed.resumedAt()));
    assertEquals(Optional.of(3), judge.chosen());
    assertWeights(3);
    Trainer.clean(files);
    assertFalse(Files.exists(files.checkpoints()));
  }

  /** The state of the checkpoint is not lost to a better one that came after it. */
  @Test
  void theStateOfTheCheckpointStaysUntilTheNext() {
    Trainer.Files files = files("both");
    assertThrows(Killed.class, () -> run(files, choosing(5), killAfter(5, files.checkpoints())));
    assertEquals(2, kept(files.checkpoints()), "step 4, of the checkpoint, and step 5");
    run(files, choosing(5), killAfter(-1, files.checkpoints()));
    assertWeights(5);
  }

  /** Without what the judge remembers, a later state is the best of those that are left. */
  @Test
  void negativeControlWithoutTheMemoryAnotherStateIsChosen() {
    Trainer.Files files = files("forgetful");
    assertThrows(Killed.class, () -> run(files, choosing(3), killAfter(5, files.checkpoints())));
    forget(files);
    Judge judge = choosing(3);
    run(files, judge, killAfter(-1, files.checkpoints()));
    assertEquals(Optional.of(5), judge.chosen());
    assertWeights(5);
  }

  @Test
  void aKeptStateThatIsGoneIsNamed() {
    Trainer.Files files = files("gone");
    assertThrows(Killed.class, () -> run(files, choosing(3), killAfter(5, files.checkpoints())));
    new KeptStates(files.checkpoints(), files.run()).delete();
    MachineException e =
        assertThrows(
            MachineException.class,
            () -> run(files, choosing(3), killAfter(-1, files.checkpoints())));
    assertTrue(e.getMessage().contains("kept after step 3"), e.getMessage());
  }

  @Test
  void itStopsWhereItWouldHaveStopped() {
    Trainer.Files unbroken = files("unbroken");
    assertEquals(6, run(unbroken, stopping(), (d, t, o) -> {}).steps());
    assertWeights(6);
    Trainer.Files stopped = files("asked");
    askToStop(stopped);
    Judge judge = stopping();
    Trainer.Finished resumed = run(stopped, judge, (d, t, o) -> {});
    assertEquals(List.of(6, 5), List.of(resumed.steps(), resumed.resumedAt()));
    assertTrue(judge.ended().orElseThrow().startsWith("forget_prob "), judge.ended().get());
    assertWeights(6);
  }

  /** Without its memory it needs two more measurements, and ends a step later. */
  @Test
  void negativeControlWithoutTheMemoryItGoesOn() {
    Trainer.Files files = files("goes on");
    askToStop(files);
    forget(files);
    assertEquals(7, run(files, stopping(), (d, t, o) -> {}).steps());
  }

  /** Within an epoch, after the first of the two measurements. */
  private void askToStop(Trainer.Files files) {
    Trainer.Listener ask = (done, t, o) -> assertTrue(done != 5 || StopRequest.ask(SIGTERM));
    try {
      assertThrows(StopRequest.Stopped.class, () -> run(files, stopping(), ask));
    } finally {
      StopRequests.withdraw();
    }
  }

  private static void forget(Trainer.Files files) {
    String name = "last-" + Hashes.sha256(files.run()).substring(0, 12) + ".safetensors";
    Path checkpoint = files.checkpoints().resolve(name);
    try (SafeTensors saved = SafeTensors.open(checkpoint)) {
      Map<String, String> metadata = new HashMap<>(saved.metadata());
      metadata.remove("judged");
      SafeTensorsWriter.write(
          checkpoint,
          saved.names().stream().map(saved::info).toList(),
          t -> FloatBuffer.wrap(saved.floats(t.name())),
          metadata);
    }
  }
}
