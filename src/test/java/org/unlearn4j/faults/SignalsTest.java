package org.unlearn4j.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command that is asked to stop in the middle of its work. */
class SignalsTest {
  @TempDir Path temp;

  /** Half a minute of steps, and a checkpoint only at an epoch's end, which is far. */
  private List<String> training() throws IOException {
    TinyProject project =
        new TinyProject(
            temp,
            Map.of(
                "finetune: {epochs: 2,", "finetune: {epochs: 20000,", "_every: 1}", "_every: 0}"));
    return List.of(
        "finetune", "--pipeline", project.pipeline().toString(), "--out", temp + "/taught");
  }

  private Child.End signalled(String signal) throws IOException, InterruptedException {
    Child child = new Child(temp).hearing();
    Process process = child.start(training());
    Path log = temp.resolve("logs/finetune-taught.jsonl");
    long deadline = System.nanoTime() + 120_000_000_000L;
    while (process.isAlive() && !(Files.exists(log) && Files.size(log) > 500)) {
      assertTrue(System.nanoTime() < deadline, "it never began");
      Thread.sleep(20);
    }
    assertTrue(process.isAlive(), () -> "it ended by itself; " + temp);
    long start = System.nanoTime();
    assertEquals(0, new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start().waitFor());
    Child.End end = child.end(process);
    double seconds = (System.nanoTime() - start) / 1e9;
    assertTrue(seconds < 10, "it took " + seconds + " s to stop");
    return end;
  }

  @Test
  void terminatedItKeepsTheStepThatItIsAt() throws IOException, InterruptedException {
    Child.End end = signalled("TERM");
    assertEquals(143, end.code(), end.err());
    assertTrue(end.err().contains("Stopping where nothing is lost (SIGTERM)"), end.err());
    assertTrue(end.err().contains("Stopped as asked; what was done is kept"), end.err());
    try (var files = Files.list(temp.resolve("checkpoints/taught"))) {
      assertEquals(1, files.count());
    }
    assertEquals(List.of(), TinyProject.left(temp));
  }

  @Test
  void interruptedItDoesTheSame() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Files.exists(Path.of("/usr/bin/env")) && Child.hears(),
        "this session ignores Ctrl-C and its env cannot take that back");
    Child.End end = signalled("INT");
    assertEquals(130, end.code(), end.err());
    assertTrue(end.err().contains("Stopped as asked; what was done is kept"), end.err());
  }
}
