package org.unlearn4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An evaluation on two executors, which share this machine's files. */
class LocalClusterTest {
  private static final String ROOT = LocalCluster.ROOT.toString();

  @TempDir Path temp;
  private LocalCluster cluster;

  @BeforeEach
  void start() throws IOException {
    cluster = new LocalCluster(2);
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  private String[] evaluate(String out) throws IOException {
    return LocalCluster.evaluate(temp, temp.resolve(out).toString());
  }

  @Test
  void anEvaluationIsTheBytesOfALocalOne() throws IOException {
    String due = LocalCluster.local(evaluate("local/t.json"));
    int code = cluster.run(ROOT, 4, evaluate("spark/t.json"));
    assertEquals(0, code, cluster.log());
    assertEquals(due, LocalCluster.timeless(temp.resolve("spark/t.json")));
    String log = cluster.log();
    assertTrue(log.contains("[4/4] part "), log);
    assertTrue(cluster.printed().contains("forget_prob"));
    assertTrue(log.contains(", executor 0: ") && log.contains(", executor 1: "), log);
  }

  /** What the input is at fault for no other machine does better: once, and by name. */
  @Test
  void aMistakeIsToldOnceWithItsPlace() throws IOException {
    String[] command = evaluate("out/t.json");
    command[4] = "models/none";
    assertEquals(2, cluster.run(ROOT, 2, command));
    String log = cluster.log();
    assertTrue(log.contains("part 1/2 on "), log);
    assertTrue(log.contains("models/none"), log);
    assertFalse(log.contains(" failed: "), "not tried again: " + log);
    assertFalse(Files.exists(temp.resolve("out/t.json")));
  }

  /**
   * A machine is lost: an executor and what it runs are killed while it has a unit. That unit is
   * made again elsewhere, those that were finished are not.
   */
  @Test
  void aLostExecutorCostsItsUnitOnly() throws Exception {
    String due = LocalCluster.local(evaluate("local/t.json"));
    Path parts = temp.resolve("lost/t.json.shards");
    List<Long> killed = new ArrayList<>();
    Thread killer =
        new Thread(
            () -> {
              long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
              while (System.nanoTime() < end && killed.isEmpty()) {
                if (finished(parts) >= 2) {
                  busy().ifPresent(e -> kill(e, killed));
                }
                pause();
              }
            });
    killer.start();
    int code = cluster.run(ROOT, 6, evaluate("lost/t.json"));
    String log = cluster.log();
    assertEquals(0, code, log);
    killer.join();
    assertEquals(1, killed.size(), "an executor was killed");
    assertTrue(log.contains(" is gone ("), log);
    assertTrue(log.contains(" failed: "), log);
    assertEquals(due, LocalCluster.timeless(temp.resolve("lost/t.json")));
    assertEquals(6, log.lines().filter(l -> l.startsWith("[")).count(), "each once: " + log);
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static long finished(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".stage")).count();
    } catch (IOException e) {
      return 0;
    }
  }

  /** An executor of this process that has a command running. */
  private static Optional<ProcessHandle> busy() {
    return ProcessHandle.current()
        .descendants()
        .filter(p -> commandLine(p).contains("CoarseGrainedExecutorBackend"))
        .filter(p -> p.children().anyMatch(c -> commandLine(c).contains("--shard")))
        .findFirst();
  }

  private static String commandLine(ProcessHandle p) {
    try {
      return Files.readString(Path.of("/proc/" + p.pid() + "/cmdline"));
    } catch (IOException e) {
      return "";
    }
  }

  private static void kill(ProcessHandle executor, List<Long> killed) {
    List<ProcessHandle> own = executor.descendants().toList();
    killed.add(executor.pid());
    boolean ignored = executor.destroyForcibly();
    own.forEach(ProcessHandle::destroyForcibly);
  }
}
