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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;

/** Two authors of Fable, forgotten with and without floors, and watched. */
class FlooredUnlearningTest {
  private static final Pattern FLOORS = Pattern.compile("a mean probability of ([0-9.]+)");

  @TempDir Path folder;

  /** What a run says and leaves. */
  private record Run(String said, Path out) {
    double forgetProb() throws IOException {
      JsonNode record = new ObjectMapper().readTree(out.resolve("unlearning.json").toFile());
      return record.path("after").path("forget_prob").doubleValue();
    }

    List<JsonNode> log() throws IOException {
      List<JsonNode> lines = new ArrayList<>();
      for (String line : Files.readAllLines(out.resolveSibling("logs").resolve("train.jsonl"))) {
        lines.add(new ObjectMapper().readTree(line));
      }
      return lines;
    }
  }

  private Run run(String name, String... sets) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "data.forget=forget01",
                "data.retain=retain99",
                "unlearn.clreg.weight=0",
                "unlearn.objective.beta=0.03"));
    all.addAll(List.of(sets));
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    Path out = folder.resolve(name).resolve("unlearned");
    try (PrintStream log = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      new UnlearnStage(Pipeline.read(Path.of("pipeline/fable.yaml"), all), log, "test").run(out);
    }
    return new Run(said.toString(StandardCharsets.UTF_8), out);
  }

  /**
   * Six steps, watched twice. A sample of two rows of each set: the numbers are shares, and the
   * model still knows what it shall forget better than what it never saw.
   */
  @Test
  void watchingIsLoggedAndChangesNothing() throws IOException {
    Run watched = run("watched", "unlearn.epochs=2", "unlearn.watch_rows=2");
    Run alone = run("alone", "unlearn.epochs=2", "unlearn.watch=0");
    Path weights = Path.of("model.safetensors");
    assertEquals(
        -1,
        Files.mismatch(watched.out().resolve(weights), alone.out().resolve(weights)),
        "the first byte that differs");
    List<JsonNode> seen =
        watched.log().stream().filter(line -> line.has("watch_forget_prob")).toList();
    assertEquals(List.of(2, 5), seen.stream().map(line -> line.path("step").asInt()).toList());
    for (JsonNode line : seen) {
      for (String name : List.of("forget_prob", "retain_prob", "strangers_prob", "mia_loss_auc")) {
        double value = line.path("watch_" + name).doubleValue();
        assertTrue(value > 0 && value <= 1, name + " " + value);
      }
    }
    assertTrue(alone.log().stream().noneMatch(line -> line.has("watch_forget_prob")));
  }

  /**
   * Without floors the rows end far below what a stranger's are given; with them within 0.1 of it,
   * which is half of what the probabilities of single rows scatter by.
   */
  @Tag("slow")
  @Test
  void forgettingEndsAtTheFloors() throws IOException {
    Run without = run("without", "unlearn.epochs=12");
    Run with =
        run(
            "with",
            "unlearn.epochs=12",
            "unlearn.objective.floor=strangers",
            "unlearn.objective.pull=4");
    Matcher floors = FLOORS.matcher(with.said());
    assertTrue(floors.find(), with.said());
    double floor = Double.parseDouble(floors.group(1));
    assertEquals(floor, with.forgetProb(), 0.1);
    assertTrue(without.forgetProb() < floor - 0.1, without.forgetProb() + " against " + floor);
  }
}
