package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.StopRequests;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.RouterWeight;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.SafeTensors;
import org.unlearn4j.weights.SafeTensorsWriter;

/** A run that was killed and taken up again is the run that was not killed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS) // building a step's graph takes a while
class ResumeTest {
  private static final int EPOCHS = 4;

  /** Seven forget rows in batches of two, two batches a step. */
  private static final int STEPS_PER_EPOCH = 2;

  private static final int SIGTERM = 15;

  private static final LoopSettings LOOP =
      new LoopSettings(
          EPOCHS,
          2,
          2,
          1e-3,
          LoopSettings.Schedule.COSINE,
          1,
          OptimizerSettings.adamW(0.01, 1),
          11,
          1,
          false,
          Optional.empty(),
          RouterWeight.NONE);

  @TempDir Path folder;

  private final StepFixture fixture = new StepFixture("llama");
  private final List<TokenRow> forget = rows(Segment.FORGET, Segment.RETAIN);
  private final List<TokenRow> retain = rows(Segment.RETAIN, Segment.ALTERNATE);
  private final TrainingStep shared = process();

  @AfterAll
  void close() {
    shared.close();
  }

  private List<TokenRow> rows(Segment a, Segment b) {
    List<TokenRow> rows = new ArrayList<>(fixture.rows().get(a));
    rows.addAll(fixture.rows().get(b));
    return rows;
  }

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** A graph of its own, as a process of its own would have. */
  private TrainingStep process() {
    // Everything that a step leaves behind for the next one: moments, a dual variable, a queue;
    // and weights that every other step sees as they will be deployed.
    Pipeline defaults =
        Pipeline.defaults(
            "PDU",
            List.of(
                "unlearn.objective.epsilon=0.5",
                "unlearn.objective.dual_warmup_epochs=1",
                "unlearn.quantization_aware=int4",
                "unlearn.clreg={weight: 0.1, queue: 5}"));
    Objective objective = Objectives.of(defaults.unlearn(), fixture.decoder());
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32);
    return new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), LOOP.accumulate());
  }

  private Trainer.Finished run(
      TrainingStep step, LoopSettings loop, Trainer.Files files, Trainer.Listener l) {
    fixture.assignPolicy(step.graph());
    TrainingData data = new TrainingData(forget, retain, List.of(), Map.of());
    MaskView view = new MaskView(3, Set.of(0, 1, 2), 0.15, 11);
    return new Trainer(step, loop, data, new Trainer.Regularisation(0.1, 3, Optional.of(view), 5))
        .run(files, l);
  }

  private Trainer.Files files(String name, String run) {
    return new Trainer.Files(
        folder.resolve(name).resolve("checkpoints"),
        folder.resolve(name).resolve("log.jsonl"),
        run);
  }

  private static Path checkpoint(Trainer.Files files) {
    String name = "last-" + Hashes.sha256(files.run()).substring(0, 12) + ".safetensors";
    return files.checkpoints().resolve(name);
  }

  /** What a process of this machine that is no more was writing. */
  private static Path beside(Path file) throws IOException {
    String host = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    String id = host.replaceAll("[^A-Za-z0-9]", "_") + "-999999999-0";
    return file.resolveSibling("." + file.getFileName() + "." + id + ".part");
  }

  private static Trainer.Listener killAfter(int steps) {
    return (done, total, outcome) -> {
      assertEquals(EPOCHS * STEPS_PER_EPOCH, total);
      if (done == steps) {
        throw new Killed();
      }
    };
  }

  private Map<String, float[]> parameters(TrainingStep step) {
    return StepFixture.weights(step.graph());
  }

  /** The log without what depends on the clock. */
  private static List<ObjectNode> log(Trainer.Files files) throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(files.log())) {
      ObjectNode node = (ObjectNode) new ObjectMapper().readTree(line);
      assertTrue(node.remove("tokens_per_second").doubleValue() > 0, line);
      assertTrue(node.remove("seconds").doubleValue() > 0, line);
      lines.add(node);
    }
    return lines;
  }

  private static void assertBitIdentical(
      Map<String, float[]> expected, Map<String, float[]> actual) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach((name, e) -> assertArrayEquals(e, actual.get(name), 0f, name));
  }

  @Test
  void fourEpochsAreTwoAndAKillAndTwo() throws IOException {
    Trainer.Files unbroken = files("unbroken", "run");
    Trainer.Files broken = files("broken", "run");
    Trainer.Finished whole = run(shared, LOOP, unbroken, (d, t, o) -> {});
    assertEquals(List.of(8, 0), List.of(whole.steps(), whole.resumedAt()));
    final Map<String, float[]> expected = parameters(shared);
    // Killed in the third epoch, one step after the last checkpoint.
    assertThrows(Killed.class, () -> run(shared, LOOP, broken, killAfter(5)));
    assertEquals(5, log(broken).size());
    // What a real kill leaves besides: half a line in the log, half a file of a checkpoint.
    Files.writeString(broken.log(), "{\"step\":5,\"epo", StandardOpenOption.APPEND);
    Files.writeString(beside(checkpoint(broken)), "half");
    try (TrainingStep step = process()) {
      Trainer.Finished resumed = run(step, LOOP, broken, (d, t, o) -> {});
      assertEquals(List.of(8, 4), List.of(resumed.steps(), resumed.resumedAt()));
      assertBitIdentical(expected, parameters(step));
      assertEquals(log(unbroken), log(broken));

      // Killed after the last checkpoint, before the model was written: nothing is left to do.
      Trainer.Finished again = run(step, LOOP, broken, killAfter(-1));
      assertEquals(List.of(8, 8), List.of(again.steps(), again.resumedAt()));
      assertEquals(resumed.last().terms().keySet(), again.last().terms().keySet());
      assertEquals(resumed.last().total(), again.last().total());
      assertBitIdentical(expected, parameters(step));
      assertEquals(log(unbroken), log(broken));

      Trainer.clean(broken);
      assertFalse(Files.exists(broken.checkpoints()));
    }
  }

  /** In the middle of an epoch, after a step that is no place for an ordinary checkpoint. */
  @ParameterizedTest
  @ValueSource(ints = {3, 5, 8})
  void askedToStopItKeepsTheStepThatItIsAt(int steps) throws IOException {
    Trainer.Files unbroken = files("unstopped " + steps, "run");
    Trainer.Files stopped = files("stopped " + steps, "run");
    run(shared, LOOP, unbroken, (d, t, o) -> {});
    final Map<String, float[]> expected = parameters(shared);
    Trainer.Listener ask = (done, t, o) -> assertTrue(done != steps || StopRequest.ask(SIGTERM));
    try {
      assertThrows(StopRequest.Stopped.class, () -> run(shared, LOOP, stopped, ask));
    } finally {
      StopRequests.withdraw();
    }
    assertEquals(steps, log(stopped).size());
    Trainer.Finished resumed = run(shared, LOOP, stopped, (d, t, o) -> {});
    assertEquals(List.of(8, steps), List.of(resumed.steps(), resumed.resumedAt()));
    assertBitIdentical(expected, parameters(shared));
    assertEquals(log(unbroken), log(stopped));
  }

  @Test
  void aCheckpointOfAnotherRunIsNotContinued() throws IOException {
    Trainer.Files mine = files("same", "run 1");
    Trainer.Files other = files("same", "run 2");
    assertThrows(Killed.class, () -> run(shared, LOOP, mine, killAfter(4)));
    assertThrows(Killed.class, () -> run(shared, LOOP, mine, killAfter(5)));
    assertEquals(List.of(0, 1, 2, 3, 4), steps(mine), "continued, at the second epoch");
    Trainer.Finished fresh = run(shared, LOOP, other, (d, t, o) -> {});
    assertEquals(0, fresh.resumedAt());
    assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7), steps(other));
    Trainer.clean(other);
    assertTrue(Files.exists(checkpoint(mine)), "another run's checkpoint is not ours to delete");
    assertEquals(4, run(shared, LOOP, mine, (d, t, o) -> {}).resumedAt());
  }

  private static List<Integer> steps(Trainer.Files files) throws IOException {
    return log(files).stream().map(n -> n.path("step").intValue()).toList();
  }

  /** The assertion above can fail: moments are part of what is resumed. */
  @Test
  void negativeControlWithoutMomentsTheRunGoesElsewhere() throws IOException {
    Trainer.Files files = files("moments", "run");
    Trainer.Finished whole = run(shared, LOOP, files("whole", "run"), (d, t, o) -> {});
    Map<String, float[]> expected = parameters(shared);
    assertThrows(Killed.class, () -> run(shared, LOOP, files, killAfter(5)));
    forgetMoments(checkpoint(files));
    Trainer.Finished resumed = run(shared, LOOP, files, (d, t, o) -> {});
    assertEquals(4, resumed.resumedAt());
    assertNotEquals(whole.last().total(), resumed.last().total());
    Map<String, float[]> actual = parameters(shared);
    assertThrows(AssertionError.class, () -> assertBitIdentical(expected, actual));
  }

  /** Nor is it the same run without alpha or without the queue. */
  @ParameterizedTest
  @ValueSource(strings = {"alpha", "queue"})
  void negativeControlWithoutTheRestTheRunGoesElsewhere(String what) throws IOException {
    Trainer.Files files = files("without " + what, "run");
    Trainer.Finished whole = run(shared, LOOP, files("whole " + what, "run"), (d, t, o) -> {});
    assertThrows(Killed.class, () -> run(shared, LOOP, files, killAfter(5)));
    Path checkpoint = checkpoint(files);
    try (SafeTensors saved = SafeTensors.open(checkpoint)) {
      Map<String, String> metadata = new HashMap<>(saved.metadata());
      if (what.equals("alpha")) {
        assertTrue(Double.parseDouble(metadata.put("alpha", "1.0")) > 1, "it had moved");
      }
      SafeTensorsWriter.write(
          checkpoint,
          saved.names().stream()
              .filter(n -> !what.equals("queue") || !n.startsWith("queue/"))
              .map(saved::info)
              .toList(),
          t -> FloatBuffer.wrap(saved.floats(t.name())),
          metadata);
    }
    Trainer.Finished resumed = run(shared, LOOP, files, (d, t, o) -> {});
    assertEquals(4, resumed.resumedAt());
    assertNotEquals(whole.last().total(), resumed.last().total());
  }

  private static void forgetMoments(Path checkpoint) {
    try (SafeTensors saved = SafeTensors.open(checkpoint)) {
      SafeTensorsWriter.write(
          checkpoint,
          saved.names().stream().map(saved::info).toList(),
          t ->
              t.name().startsWith("0/")
                  ? FloatBuffer.wrap(saved.floats(t.name()))
                  : FloatBuffer.allocate((int) t.size()),
          saved.metadata());
    }
  }

  @Test
  void aRunThatDivergesSaysSoAndLeavesNoCheckpointOfIt() throws IOException {
    LoopSettings wild =
        new LoopSettings(
            EPOCHS,
            2,
            2,
            1e30,
            LoopSettings.Schedule.CONSTANT,
            0,
            OptimizerSettings.adamW(0, 0),
            11,
            1,
            false,
            Optional.empty(),
            RouterWeight.NONE);
    Trainer.Files files = files("wild", "run");
    MachineException e =
        assertThrows(
            MachineException.class, () -> run(shared, wild, files, (done, total, outcome) -> {}));
    assertTrue(e.getMessage().startsWith("Step 1: the loss is "), e.getMessage());
    assertTrue(e.getMessage().contains("a lower learning rate"), e.getMessage());
    assertEquals(List.of(0), steps(files));
    assertFalse(Files.exists(checkpoint(files)));
  }
}
