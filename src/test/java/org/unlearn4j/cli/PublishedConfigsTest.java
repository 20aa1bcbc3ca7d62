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
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What {@code inspect} says of published models before anything but {@code config.json} is there.
 * The values and where they come from stand in {@code published/configs.json}.
 */
class PublishedConfigsTest {
  private static final Path FILE = Path.of("src/test/resources/published/configs.json");
  private static final Path PAGE = Path.of("docs/reference/checkpoints.md");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  static Stream<Named<JsonNode>> models() throws IOException {
    return StreamSupport.stream(JSON.readTree(FILE.toFile()).spliterator(), false)
        .map(m -> Named.of(m.path("model").asText(), m));
  }

  @ParameterizedTest
  @MethodSource("models")
  void inspectSaysWhetherItIsCovered(JsonNode model) throws IOException {
    JSON.writeValue(folder.resolve("config.json").toFile(), model.path("config"));
    CommandRun run = CommandRun.of("inspect", folder.toString(), "--json");
    assertEquals(ExitCode.DONE, run.code(), run.err());
    JsonNode found = JSON.readTree(run.out());
    List<String> missing = new ArrayList<>();
    model.path("not_covered").forEach(m -> missing.add(m.asText()));
    assertEquals(missing.isEmpty(), found.path("supported").asBoolean(), run.out());
    assertEquals(missing.size(), found.path("problems").size(), run.out());
    for (int i = 0; i < missing.size(); i++) {
      String problem = found.path("problems").path(i).asText();
      assertTrue(problem.contains(missing.get(i)), problem);
    }
    // What the model's page says it has: a misread width or a head too many would be seen.
    if (model.has("parameters")) {
      assertEquals(model.path("parameters").asLong(), found.path("parameters").asLong());
    }
  }

  @Test
  void enoughOfThemEachWithItsSource() throws IOException {
    Set<String> covered = new HashSet<>();
    for (JsonNode m : JSON.readTree(FILE.toFile())) {
      assertTrue(m.path("source").asText().startsWith("https://"), m.path("model").asText());
      assertFalse(m.path("read_in").asText().isEmpty(), m.path("model").asText());
      if (!m.has("not_covered")) {
        covered.add(m.path("model").asText());
      }
    }
    assertTrue(covered.size() >= 25, covered.toString());
  }

  /** The page lists these models and no others, by family: first what is covered, then the rest. */
  @Test
  void thePageListsThem() throws IOException {
    Map<String, String> covered = new LinkedHashMap<>();
    Map<String, String> others = new LinkedHashMap<>();
    for (JsonNode m : JSON.readTree(FILE.toFile())) {
      String type = m.path("config").path("model_type").asText();
      (m.has("not_covered") ? others : covered)
          .merge(type, m.path("model").asText(), (a, b) -> a + ", " + b);
    }
    List<String> due = new ArrayList<>();
    covered.forEach((type, models) -> due.add("| `" + type + "` | " + models + " |"));
    others.forEach((type, models) -> due.add("| `" + type + "` | " + models + " |"));
    List<String> found =
        Files.readAllLines(PAGE).stream()
            .filter(l -> l.matches("\\| `[\\w-]+` \\| [\\w-]+/.*"))
            .toList();
    assertEquals(due, found);
  }
}
