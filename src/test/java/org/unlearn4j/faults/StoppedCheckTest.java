package org.unlearn4j.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A check of a device that is asked to stop while one of its parts runs. */
class StoppedCheckTest {
  private static final String PROGRAM =
      """
      #!/bin/sh
      case $1 in
        doctor) echo '{"gpu": {"seen": false, "cuda_build": false}}' ;;
        check) touch running; sleep 100 ;;
      esac
      """;

  @TempDir Path temp;

  @Test
  void keepsWhatIsDone() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Child.hears(), "this session ignores signals and its env cannot take that back");
    Path program = Files.createDirectories(temp.resolve("bin")).resolve("unlearn4j");
    Files.writeString(program, PROGRAM);
    assertTrue(program.toFile().setExecutable(true));
    Path out = temp.resolve("found.json");
    Child child = new Child(temp).hearing();
    Process process =
        child.start(
            List.of(
                "gpu-check", "--home", temp.toString(), "--out", out.toString(), "--minutes", "9"));
    long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!Files.exists(temp.resolve("running")) && System.nanoTime() < patience) {
      Thread.sleep(20);
    }
    process.destroy(); // SIGTERM
    Child.End end = child.end(process);
    assertEquals(143, end.code(), end.err());
    List<String> lines = end.out().lines().toList();
    assertEquals("pass", new ObjectMapper().readTree(lines.get(0)).path("outcome").asText());
    assertEquals("stopped", new ObjectMapper().readTree(lines.get(1)).path("outcome").asText());
    JsonNode found = new ObjectMapper().readTree(out.toFile());
    assertEquals("partial", found.path("verdict").asText());
    assertEquals("pass", found.at("/parts/0/outcome").asText());
  }
}
