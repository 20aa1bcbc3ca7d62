package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetaCommandTest {
  @TempDir Path temp;

  private void model(String place, double prob, double leakage) throws IOException {
    Path file = temp.resolve(place + ".json");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        String.format(
            Locale.ROOT,
            "{\"metrics\": {\"forget_prob\": %s, \"model_utility\": 0.5, \"privleak\": %s}}",
            prob,
            prob));
    Files.writeString(
        temp.resolve(place + "-attacks.json"),
        String.format(
            Locale.ROOT,
            "{\"families\": [{\"family\": \"json\", \"models\": {\"unlearned.tf\":"
                + " {\"leakage\": %s, \"probability\": 0.5}}}]}",
            leakage));
  }

  private void models(String condition, double more) throws IOException {
    for (int i = 0; i < 2; i++) {
      model(condition + "/knows/" + i, 0.8 + 0.1 * i + more, 0.3 + 0.1 * i);
      model(condition + "/never/" + i, 0.1 * i + more, 0.25 + 0.1 * i);
    }
  }

  @Test
  void aTableOfWhatDeservesTrust() throws IOException {
    models("plain", 0);
    models("int4", 0.6);
    Files.createDirectories(temp.resolve("plain/knows/logs")); // a run leaves them
    Files.createDirectories(temp.resolve("logs"));
    CommandRun r = CommandRun.of("meta", temp.toString());
    assertEquals(ExitCode.DONE, r.code(), r.err());
    JsonNode meta = new ObjectMapper().readTree(temp.resolve("meta.json").toFile());
    assertEquals(2, meta.path("knows").asInt());
    assertEquals(4, meta.path("metrics").size(), "utility is about something else: " + meta);
    String table = Files.readString(temp.resolve("table.md"));
    // Means 0.85 and 0.05, middle 0.45: 0.6 more puts all four above, three quarters of the way.
    assertTrue(table.contains("| forget_prob |  | 1.00 | 1.00 | 0.50 | +0.75 |"), table);
    // Of 0.3 and 0.4 beside 0.25 and 0.35, three of four pairs are in order.
    assertTrue(table.contains("| attack json |  | 0.75 | 0.75 | 0.50 | +0.00 |"), table);
    models("int4", 0);
    assertEquals(ExitCode.DONE, CommandRun.of("meta", temp.toString()).code());
    table = Files.readString(temp.resolve("table.md"));
    assertTrue(table.contains("| forget_prob | yes | 1.00 | 1.00 | 1.00 | +0.00 |"), table);
  }

  @Test
  void mistakesAreNamed() throws IOException {
    CommandRun none = CommandRun.of("meta", temp.toString());
    assertEquals(ExitCode.USER, none.code());
    assertTrue(
        none.err().contains("knows: found no such folder, expected plain/knows"), none.err());
    model("plain/knows/0", 1, 1);
    CommandRun few = CommandRun.of("meta", temp.toString());
    assertEquals(ExitCode.USER, few.code());
    assertTrue(few.err().contains("found 1 evaluations, expected those of at least 2"), few.err());
  }
}
