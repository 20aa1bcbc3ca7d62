package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;

/** Two authors of Fable, forgotten by rules. */
class RuledUnlearningTest {
  @TempDir Path folder;

  /** Three steps an epoch, measured after each of them on two rows of each kind. */
  private JsonNode run(String... sets) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "data.forget=forget01",
                "data.retain=retain99",
                "unlearn.clreg.weight=0",
                "unlearn.epochs=2",
                "unlearn.warmup_epochs=0", // the first step shall move something
                "unlearn.watch_rows=2",
                "unlearn.watch=0.3"));
    all.addAll(List.of(sets));
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (PrintStream log = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      new UnlearnStage(Pipeline.read(Path.of("pipeline/fable.yaml"), all), log, "test")
          .run(folder.resolve("unlearned"));
    }
    JsonNode record =
        new ObjectMapper().readTree(folder.resolve("unlearned/unlearning.json").toFile());
    assertTrue(said.toString(StandardCharsets.UTF_8).contains("on tuning rows; it begins at 0.9"));
    return record;
  }

  /**
   * The goal of stop is what the retain-only model has on the two tuning rows, less than half of
   * what the target has; that of choose what the target has for strangers. A floor of utility that
   * any state keeps leaves the nearest state, which the log has.
   */
  @Test
  void goalsAreMeasuredAndTheNearestStateIsDelivered() throws IOException {
    JsonNode record =
        run(
            "unlearn.stop={patience: 1, band: 1.0}",
            "unlearn.choose={goal: strangers, utility_min: 0}");
    JsonNode rules = record.path("tuning");
    double reference = rules.path("goals").path("stop").doubleValue();
    double strangers = rules.path("goals").path("choose").doubleValue();
    assertTrue(reference > 0.01 && reference < 0.5, "reference " + reference);
    assertTrue(strangers > 0.01 && strangers < 0.5, "strangers " + strangers);
    // Within a band of 1 every probability has reached its goal.
    assertTrue(rules.path("stopped").asText().startsWith("forget_prob "), rules.toString());
    assertEquals(1, record.path("training").path("steps").intValue());
    assertEquals(1, rules.path("chosen").path("step").intValue());
    JsonNode first = new ObjectMapper().readTree(log().get(0));
    assertEquals(
        Math.abs(first.path("watch_forget_prob").doubleValue() - strangers),
        rules.path("chosen").path("distance").doubleValue(),
        1e-12);
  }

  /** A goal of 1 is nearest at the first of the measured states, and the last step is measured. */
  @Test
  void aGoalThatIsANumberChoosesWhatIsNearIt() throws IOException {
    JsonNode record = run("unlearn.choose={goal: 1, utility_min: 0}", "unlearn.watch=0.6");
    List<Integer> measured = new ArrayList<>();
    int best = 0;
    double most = 0;
    for (String line : log()) {
      JsonNode step = new ObjectMapper().readTree(line);
      if (step.has("watch_forget_prob")) {
        measured.add(step.path("step").intValue() + 1);
        if (step.path("watch_forget_prob").doubleValue() > most) {
          most = step.path("watch_forget_prob").doubleValue();
          best = step.path("step").intValue() + 1;
        }
      }
    }
    assertEquals(List.of(2, 4, 6), measured, "1.8 and 3.6 steps lie within these; then the end");
    assertEquals(best, record.path("tuning").path("chosen").path("step").intValue());
  }

  private List<String> log() throws IOException {
    return Files.readAllLines(folder.resolve("logs/train.jsonl"));
  }
}
