package org.unlearn4j.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PipelineTableTest {
  private static final String BEGIN = "<!-- from the schema: unlearn4j pipeline --keys -->\n";

  @Test
  void theDocumentationIsTheSchemas() throws IOException {
    String page = Files.readString(Path.of("docs/reference/pipelines.md"));
    assertTrue(
        page.contains(BEGIN), "docs/reference/pipelines.md has lost the marker of its table");
    assertEquals(
        PipelineTable.markdown().strip(),
        page.substring(page.indexOf(BEGIN) + BEGIN.length()).strip(),
        "put the output of `unlearn4j pipeline --keys` after the marker in docs/reference/pipelines.md");
  }

  @Test
  void everyKeyIsDocumentedOnce() {
    List<String> paths = Schema.KEYS.stream().map(Key::path).toList();
    assertEquals(paths.size(), paths.stream().distinct().count());
    for (Key<?> key : Schema.KEYS) {
      assertTrue(PipelineTable.markdown().contains("| `" + key.name() + "` |"), key.path());
    }
  }

  @Test
  void theShippedPipelinesAreValid() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("pipeline"))) {
      List<Path> yaml = files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
      assertTrue(yaml.contains(Path.of("pipeline/fable.yaml")), yaml.toString());
      yaml.forEach(Pipeline::readRecord);
    }
  }
}
