package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;

/** Two authors of Fable, forgotten through adapters that their rows guide. */
@Tag("slow")
class GuidedUnlearningTest {
  @TempDir Path folder;

  private List<JsonNode> log(Path out) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(out.resolveSibling("logs").resolve("train.jsonl"))) {
      lines.add(new ObjectMapper().readTree(line));
    }
    return lines;
  }

  private Path run(String name, String... more) {
    List<String> sets =
        new ArrayList<>(
            List.of(
                "data.forget=forget01",
                "data.retain=retain99",
                "unlearn.epochs=3",
                "unlearn.watch=0",
                "unlearn.learning_rate=1e-3",
                "unlearn.adapter.rank=8",
                "unlearn.adapter.init=ReGLU"));
    sets.addAll(List.of(more));
    Path out = folder.resolve(name).resolve("unlearned");
    try (PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8)) {
      new UnlearnStage(Pipeline.read(Path.of("pipeline/fable.yaml"), sets), nowhere, "test")
          .run(out);
    }
    return out;
  }

  /** The whole stage; the term is in the log, falls, and is not there where it is not asked for. */
  @Test
  void theTermFalls() throws IOException {
    Path with =
        run("with", "unlearn.adapter.orthogonality=0.5", "unlearn.adapter.orthogonality_rank=16");
    List<Double> values =
        log(with).stream().map(l -> l.path("orthogonality").doubleValue()).toList();
    double first = values.get(0);
    double last = values.get(values.size() - 1);
    assertTrue(first > 0 && last > 0 && last < first, values.toString());
    JsonNode record = new ObjectMapper().readTree(with.resolve("unlearning.json").toFile());
    assertEquals("ReGLU", record.at("/training/adapter/init").textValue(), record.toString());
    assertTrue(
        record.at("/after/forget_prob").doubleValue()
            < record.at("/before/forget_prob").doubleValue());
    assertFalse(log(run("without")).get(0).has("orthogonality"));
  }
}
