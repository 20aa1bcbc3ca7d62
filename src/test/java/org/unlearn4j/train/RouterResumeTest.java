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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepGraph;

/**
 * A mixture whose experts are kept balanced, and whose retain loss is a constraint: killed and
 * taken up again, it is the run that was not killed.
 */
class RouterResumeTest {
  private static final int EPOCHS = 4;

  @TempDir Path folder;

  private final StepFixture fixture = StepFixture.ofAnyFamily("mixtral");

  private static UnlearnSettings settings(String routerLoss) {
    return Pipeline.defaults(
            "PDU",
            List.of(
                "unlearn.epochs=" + EPOCHS,
                "unlearn.batch_size=2",
                "unlearn.accumulate=2",
                "unlearn.learning_rate=1e-3",
                "unlearn.objective.epsilon=0.5",
                "unlearn.objective.dual_warmup_epochs=1",
                "unlearn.router_loss=" + routerLoss))
        .unlearn();
  }

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** A graph of its own, as a process of its own would have. */
  private TrainingStep process(String routerLoss) {
    UnlearnSettings settings = settings(routerLoss);
    return new TrainingStep(
        new StepGraph(
            fixture.decoder(),
            Objectives.forTraining(settings, fixture.decoder(), Map.of()),
            Computations.FP32),
        OptimizerSettings.adamW(0.01, 1),
        settings.loop().accumulate());
  }

  private Trainer.Files files(String name) {
    Path own = folder.resolve(name);
    return new Trainer.Files(own.resolve("checkpoints"), own.resolve("log.jsonl"), "run");
  }

  /** Six rows in batches of two, two batches a step: two steps an epoch. */
  private Trainer.Finished run(TrainingStep step, Trainer.Files files, int killedAfter) {
    fixture.assignPolicy(step.graph());
    List<TokenRow> forget = new ArrayList<>(fixture.rows().get(Segment.FORGET));
    forget.addAll(fixture.rows().get(Segment.POSITIVE));
    TrainingData data =
        new TrainingData(forget, fixture.rows().get(Segment.RETAIN), List.of(), Map.of());
    return new Trainer(step, settings("config").loop(), data, Trainer.Regularisation.NONE)
        .run(
            files,
            (done, total, outcome) -> {
              assertEquals(EPOCHS * 2, total);
              if (done == killedAfter) {
                throw new Killed();
              }
            });
  }

  /** The log without what depends on the clock. */
  private static List<ObjectNode> log(Trainer.Files files) throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(files.log())) {
      ObjectNode node = (ObjectNode) new ObjectMapper().readTree(line);
      node.remove(List.of("tokens_per_second", "seconds"));
      lines.add(node);
    }
    return lines;
  }

  @Test
  void fourEpochsAreTwoAndAKillAndTwo() throws IOException {
    Map<String, float[]> expected;
    Trainer.Finished whole;
    try (TrainingStep step = process("config")) {
      whole = run(step, files("unbroken"), -1);
      expected = StepFixture.weights(step.graph());
      // Killed in the third epoch, one step after the last checkpoint.
      assertThrows(Killed.class, () -> run(step, files("broken"), 5));
    }
    try (TrainingStep step = process("config")) {
      Trainer.Finished resumed = run(step, files("broken"), -1);
      assertEquals(List.of(8, 4), List.of(resumed.steps(), resumed.resumedAt()));
      assertEquals(whole.last().total(), resumed.last().total());
      StepFixture.weights(step.graph())
          .forEach((name, w) -> assertArrayEquals(expected.get(name), w, 0f, name));
    }
    List<ObjectNode> lines = log(files("unbroken"));
    assertEquals(lines, log(files("broken")));
    // The dual variable has moved, and the routers' loss is in every step: both are compared.
    String last = lines.get(7).toString();
    assertNotEquals(lines.get(0).path("alpha"), lines.get(7).path("alpha"), last);
    assertTrue(lines.stream().allMatch(l -> l.findValue("router") != null), last);
    try (TrainingStep step = process("0")) {
      run(step, files("without"), -1);
      Map<String, float[]> other = StepFixture.weights(step.graph());
      String gate = "model.layers.1.block_sparse_moe.gate.weight";
      assertFalse(Arrays.equals(expected.get(gate), other.get(gate)), "without the loss");
    }
  }
}
