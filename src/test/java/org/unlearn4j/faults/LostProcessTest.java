package org.unlearn4j.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.fixtures.Ports;

/**
 * Three processes train together, and one of them is killed: the others end within a minute with a
 * sentence, and the next start goes on from the checkpoint to the same weights.
 */
@Tag("slow")
class LostProcessTest {
  private static final int PROCESSES = 3;

  /** What the issue allows. */
  private static final int SECONDS = 60;

  @TempDir Path temp;
  private List<String> addresses;
  private Path pipeline;

  @BeforeEach
  void write() throws IOException {
    addresses = Ports.processes(PROCESSES);
    pipeline =
        Files.writeString(
            temp.resolve("p.yaml"),
            """
            name: three
            model: {path: models/fable-target, device: [DEVICES]}
            data: {benchmark: fable, max_length: 64, forget: forget01}
            unlearn:
              objective: {name: NPO}
              epochs: 8
              batch_size: 6
              checkpoint_every: 1
              clreg: {weight: 0.1, queue: 8}
            """
                .replace(
                    "DEVICES",
                    addresses.stream().map(a -> a + "/cpu").collect(Collectors.joining(", "))));
  }

  /** All processes of one training. */
  private final class Together implements AutoCloseable {
    private final List<Child> children = new ArrayList<>();
    private final List<Process> processes = new ArrayList<>();

    Together(String run, Path out, String... more) throws IOException {
      for (int place = 0; place < PROCESSES; place++) {
        Child child = new Child(Files.createDirectories(temp.resolve(run + place)));
        children.add(child);
        List<String> unlearn = new ArrayList<>(List.of("unlearn", "--pipeline", "" + pipeline));
        unlearn.addAll(List.of("--out", out.toString()));
        unlearn.addAll(List.of(more));
        List<String> worker = List.of("worker", "--pipeline", "" + pipeline, "--place", "" + place);
        processes.add(child.start(place == 0 ? unlearn : worker));
      }
    }

    Child.End end(int place) throws IOException, InterruptedException {
      assertTrue(processes.get(place).waitFor(SECONDS, TimeUnit.SECONDS), "process " + place);
      return children.get(place).end(processes.get(place));
    }

    void endInOrder() throws IOException, InterruptedException {
      for (int place = 0; place < PROCESSES; place++) {
        Child.End end = end(place);
        assertEquals(0, end.code(), end.err());
      }
    }

    void kill(int place) {
      processes.get(place).destroyForcibly();
    }

    boolean alive() {
      return processes.get(0).isAlive();
    }

    @Override
    public void close() {
      processes.forEach(Process::destroyForcibly);
    }
  }

  /** Waits until there is a checkpoint, or another one than before. */
  private String checkpoint(Together training, String before) throws IOException {
    String now = before;
    while (now.equals(before)) {
      assertTrue(training.alive(), "it ended before it was killed");
      try (Stream<Path> files = Files.walk(temp.resolve("checkpoints").resolve("lost"))) {
        now =
            files
                .filter(Files::isRegularFile)
                .filter(f -> !f.getFileName().toString().startsWith("."))
                .map(f -> f + " " + f.toFile().lastModified())
                .sorted()
                .collect(Collectors.joining());
      } catch (IOException | java.io.UncheckedIOException e) {
        now = before; // not there yet, or replaced while we looked
      }
    }
    return now;
  }

  /**
   * Its first step gives weights that no loss is finite with: nobody is lost, and all have failed.
   */
  @Test
  void aFirstProcessThatFailsIsToldByAll() throws Exception {
    Path out = temp.resolve("failed");
    try (Together failing = new Together("failing", out, "--set", "unlearn.learning_rate=1e30")) {
      Child.End first = failing.end(0);
      assertEquals(3, first.code(), first.err());
      for (int place = 1; place < PROCESSES; place++) {
        Child.End end = failing.end(place);
        assertEquals(1, end.code(), end.err());
        String told = " failed with exit code 3: what it wrote itself says why.";
        assertTrue(
            end.err().contains("The first process, " + addresses.get(0) + "," + told), end.err());
      }
    }
  }

  @Test
  void allStopAndGoOn() throws Exception {
    Path due = temp.resolve("due");
    try (Together whole = new Together("whole", due)) {
      whole.endInOrder();
    }
    Path lost = temp.resolve("lost");
    String seen;
    try (Together first = new Together("first", lost)) {
      seen = checkpoint(first, "");
      first.kill(0);
      for (int place = 1; place < PROCESSES; place++) {
        Child.End end = first.end(place);
        assertEquals(3, end.code(), end.err());
        assertTrue(end.err().contains("The first process, " + addresses.get(0)), end.err());
      }
    }
    try (Together second = new Together("second", lost)) {
      seen = checkpoint(second, seen);
      second.kill(2);
      Child.End first = second.end(0);
      assertEquals(3, first.code(), first.err());
      assertTrue(
          first.err().contains("the process at " + addresses.get(2) + " is gone"), first.err());
      Child.End other = second.end(1);
      assertEquals(3, other.code(), other.err());
      assertTrue(other.err().contains("has lost " + addresses.get(2)), other.err());
    }
    assertFalse(Files.exists(lost.resolve("model.safetensors")));
    assertFalse(seen.isEmpty());
    try (Together third = new Together("third", lost)) {
      third.endInOrder();
      assertTrue(third.end(0).out().contains("taken up after step"), third.end(0).out());
    }
    String weights = "model.safetensors";
    assertEquals(Hashes.sha256(due.resolve(weights)), Hashes.sha256(lost.resolve(weights)));
  }
}
