package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareCommandTest {
  @TempDir Path folder;

  private String run(String name, double utility) throws IOException {
    Path run = folder.resolve(name);
    Files.createDirectories(run.resolve("eval"));
    Files.writeString(
        run.resolve("eval/unlearned.tf.json"),
        """
        {"model": "unlearned", "runtime": "tf", "suite": "fable",
         "metrics": {"model_utility": %s}, "per_row": {}, "seconds": 1, "tokens_per_second": 1}
        """
            .formatted(utility));
    return run.toString();
  }

  @Test
  void anyNumberOfRuns() throws IOException {
    Path page = folder.resolve("page.html");
    CommandRun r =
        CommandRun.of(
            "compare", run("a", 0.5), run("b", 0.75), run("c", 0.25), "--out", page.toString());
    assertEquals(ExitCode.DONE, r.code(), r.err());
    assertTrue(r.out().contains("model_utility  higher"), r.out());
    assertTrue(r.out().contains("0.7500 *"), r.out());
    assertTrue(r.out().endsWith(page + "\n"), r.out());
    assertTrue(Files.readString(page).contains("3 runs"));
    CommandRun json = CommandRun.of("compare", run("a", 0.5), run("b", 0.75), "--json");
    assertTrue(json.out().startsWith("{") && json.out().endsWith("}\n"), json.out());
  }

  @Test
  void mistakesAreAnswered() throws IOException {
    CommandRun one = CommandRun.of("compare", run("a", 0.5));
    assertEquals(ExitCode.USER, one.code());
    assertTrue(one.err().contains("expected RUN RUN..."), one.err());
    CommandRun gone = CommandRun.of("compare", run("a", 0.5), folder.resolve("none").toString());
    assertEquals(ExitCode.USER, gone.code());
    assertTrue(gone.err().contains("none: found no such folder"), gone.err());
  }
}
