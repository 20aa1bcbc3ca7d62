package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An evaluation in a process of its own that is killed without notice, and asked for again. */
@Tag("slow")
class KilledEvaluationTest {
  @TempDir Path temp;

  private List<String> arguments(Path out) throws IOException {
    Path pipeline =
        Files.writeString(
            temp.resolve("p.yaml"),
            """
            name: killed
            model: {path: models/fable-target}
            data: {benchmark: fable, max_length: 96}
            unlearn: {objective: {name: NPO}}
            evaluate: {limit: 30, token_budget: 128, max_new_tokens: 16}
            """);
    return List.of(
        "evaluate",
        "--pipeline",
        pipeline.toString(),
        "--model",
        "models/fable-target",
        "--runtime",
        "tf",
        "--out",
        out.toString());
  }

  private JsonNode evaluate(Path out) throws IOException {
    CommandRun run = CommandRun.of(arguments(out).toArray(String[]::new));
    assertEquals(0, run.code(), run.err());
    return new ObjectMapper().readTree(out.toFile());
  }

  private static double tokens(JsonNode evaluation) {
    return evaluation.get("tokens_per_second").asDouble() * evaluation.get("seconds").asDouble();
  }

  @Test
  void goesOnWhereItWasKilledToTheSameBits() throws Exception {
    Path out = temp.resolve("eval/target.tf.json");
    Path rows = temp.resolve("eval/.target.tf.json.rows");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(arguments(out));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      while (process.isAlive() && (!Files.exists(rows) || Files.size(rows) < 50_000)) {
        Thread.sleep(5);
      }
    } finally {
      process.destroyForcibly();
    }
    assertTrue(process.waitFor(10, TimeUnit.SECONDS));
    assertFalse(Files.exists(out), "it was killed before it was done");
    long kept = Files.size(rows);
    assertTrue(kept >= 50_000, "bytes kept: " + kept);
    JsonNode resumed = evaluate(out);
    assertFalse(Files.exists(rows), "a finished journal is put away");
    JsonNode whole = evaluate(temp.resolve("whole/target.tf.json"));
    assertEquals(whole.get("metrics"), resumed.get("metrics"));
    assertEquals(whole.get("per_row"), resumed.get("per_row"));
    assertTrue(
        tokens(resumed) < 0.95 * tokens(whole),
        "tokens through the model: " + tokens(resumed) + " of " + tokens(whole));
  }
}
