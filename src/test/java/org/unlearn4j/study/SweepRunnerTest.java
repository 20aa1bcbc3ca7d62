package org.unlearn4j.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.config.Pipeline;

/** A search on Fable whose runs are made. */
@Tag("slow")
class SweepRunnerTest {
  @TempDir Path temp;

  private String run(String points) throws IOException {
    Files.writeString(
        temp.resolve("base.yaml"),
        """
        name: base
        model: {path: models/fable-target}
        data: {benchmark: fable, forget: forget10, retain: retain90, max_length: 128}
        unlearn: {objective: {name: NPO}, epochs: 1, warmup_epochs: 0, watch_rows: 5}
        evaluate: {limit: 5}
        """);
    Path file =
        Files.writeString(
            temp.resolve("sweep.yaml"),
            """
            name: small
            pipeline: BASE
            tune: {data.forget: tune10, data.retain: tune90}
            space: {unlearn.learning_rate: {choices: [1.0e-5, 4.0e-4]}}
            points: POINTS
            seeds: [0]
            goals: [retain_prob]
            """
                .replace("BASE", temp.resolve("base.yaml").toString())
                .replace("POINTS", points));
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (PrintStream log = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      Path page = new SweepRunner(Sweep.read(file, List.of()), temp.resolve("out"), log).run();
      assertTrue(Files.readString(page).contains("unlearn.learning_rate=4.0e-4"), "the page");
    }
    return said.toString(StandardCharsets.UTF_8);
  }

  private long folders() throws IOException {
    try (Stream<Path> runs = Files.list(temp.resolve("out/runs"))) {
      return runs.count();
    }
  }

  /**
   * Sobol's first number, 1/2, is the second of two choices and its third, 1/4, the first; 3/4 is
   * the second again and no run. A search that goes on makes what is missing and nothing twice.
   */
  @Test
  void noRunIsMadeTwice() throws IOException {
    String first = run("1");
    assertTrue(first.contains("does not exist yet"), first);
    assertEquals(1, folders());
    String longer = run("3");
    assertEquals(2, folders());
    assertEquals(1, longer.split("unlearned does not exist yet", -1).length - 1, longer);
    String again = run("3");
    assertEquals(1, again.split("does not exist yet", -1).length, again);
    Pipeline best = Pipeline.read(temp.resolve("out/best.yaml"), List.of());
    assertEquals("forget10", best.data().forget());
    assertEquals(1e-5, best.unlearn().loop().learningRate(), "it keeps more");
  }
}
