package org.unlearn4j.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Shard;
import org.unlearn4j.config.Pipeline;

/** A search on Fable whose runs are made. */
@Tag("slow")
class SweepRunnerTest {
  @TempDir Path temp;

  private String run(String points) throws IOException {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (PrintStream log = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      Path page = new SweepRunner(sweep(points), temp.resolve("out"), log).run();
      assertTrue(Files.readString(page).contains("unlearn.learning_rate=4.0e-4"), "the page");
    }
    return said.toString(StandardCharsets.UTF_8);
  }

  private Sweep sweep(String points) throws IOException {
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
    return Sweep.read(file, List.of());
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

  /** Without times, which are those of two trainings. */
  private static String timeless(Path file) throws IOException {
    return Files.readString(file)
        .replaceAll("\"minutes\" : [0-9.E-]+", "MINUTES")
        .replaceAll("[0-9.]+ minutes", "MINUTES");
  }

  /**
   * Two parts at once, in threads instead of machines. Points 1 and 2 are the same run; whoever
   * comes second finds it. A part that begins when all is there makes nothing.
   */
  @Test
  void partsMakeWhatOneMachineMakes() throws Exception {
    String one = run("3");
    assertTrue(one.contains("does not exist yet"), one);
    Path parts = temp.resolve("parts");
    List<String> made = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    List<Throwable> thrown = Collections.synchronizedList(new ArrayList<>());
    for (int i = 1; i <= 2; i++) {
      SweepRunner runner = new SweepRunner(sweep("3"), parts, quiet());
      Shard shard = new Shard(i, 2);
      Thread thread = new Thread(() -> made.addAll(runner.run(shard)));
      thread.setUncaughtExceptionHandler((t, e) -> thrown.add(e));
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), thrown);
    assertEquals(2, made.size(), made.toString());
    assertEquals(2, Set.copyOf(made).size(), "none twice: " + made);
    assertFalse(Files.exists(parts.resolve("sweep.md")), "parts write no page");
    assertEquals(
        List.of(),
        new SweepRunner(sweep("3"), parts, quiet()).run(new Shard(2, 2)),
        "all is there");
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (PrintStream log = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      Path ignored = new SweepRunner(sweep("3"), parts, log).run();
    }
    assertFalse(said.toString(StandardCharsets.UTF_8).contains("does not exist yet"));
    for (String file : List.of("best.yaml", "sweep-space.svg", "sweep.md", "sweep.json")) {
      assertEquals(
          timeless(temp.resolve("out").resolve(file)), timeless(parts.resolve(file)), file);
    }
  }

  private static PrintStream quiet() {
    return new PrintStream(OutputStream.nullOutputStream());
  }
}
