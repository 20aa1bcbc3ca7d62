package org.unlearn4j.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.faults.TinyProject;

/**
 * A whole run in processes of its own: killed without notice before each rename in turn and taken
 * up again, and asked for by two processes at once. What comes out is what an undisturbed run
 * makes, bit for bit.
 */
@Tag("slow")
class KilledRunTest {
  /**
   * Stands before the product's class of this name on the class path: ends the process, as a kill
   * would, before the rename whose number the property says.
   */
  private static final String KILLS =
      """
      package org.unlearn4j.base;

      import java.io.IOException;
      import java.nio.file.*;

      final class Renames {
        private static int left = Integer.getInteger("kill.before", Integer.MAX_VALUE);

        static synchronized void move(Path from, Path to) throws IOException {
          if (--left == 0) {
            Runtime.getRuntime().halt(137);
          }
          Files.move(from, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }

        static void syncTree(Path root) {}
      }
      """;

  @TempDir Path temp;
  private TinyProject project;
  private Path classes;

  @BeforeEach
  void aTinyPipeline() throws IOException {
    classes = Files.createDirectories(temp.resolve("classes"));
    Path source = Files.createDirectories(temp.resolve("source")).resolve("Renames.java");
    Files.writeString(source, KILLS);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    assertEquals(0, compiler.run(null, null, null, "-d", classes.toString(), source.toString()));
    project = new TinyProject(temp);
  }

  private Process start(Path run, int killBefore) throws IOException {
    List<String> command =
        TinyProject.java(List.of("-Dkill.before=" + killBefore), List.of(classes));
    command.addAll(project.run(run));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(temp.resolve(run.getFileName() + "." + System.nanoTime() + ".log").toFile())
        .start();
  }

  /** Gates need not hold for a model that never learned much: 0 and 1 are both ends of a run. */
  private void finish(Process process) throws InterruptedException {
    assertTrue(process.waitFor() <= 1, "ended with " + process.exitValue());
  }

  @Test
  void killedBeforeEachRenameInTurn() throws Exception {
    Path whole = temp.resolve("whole");
    finish(start(whole, Integer.MAX_VALUE));
    Path broken = temp.resolve("broken");
    int kills = 0;
    int before = 1;
    Map<String, String> last = Map.of();
    while (true) {
      Process process = start(broken, before);
      if (process.waitFor() != 137) {
        finish(process);
        break;
      }
      kills++;
      // One rename further each time, until a stage is done and its record there.
      Map<String, String> now = records(broken);
      before = now.equals(last) ? before + 1 : 1;
      last = now;
      assertTrue(kills < 300, "it never ends");
    }
    assertTrue(kills >= 40, "renames of a whole run: " + kills);
    assertEquals(TinyProject.made(whole), TinyProject.made(broken));
    Process nothing = start(broken, 1);
    finish(nothing); // it would have been killed
    assertEquals(List.of(), TinyProject.left(broken), "nothing half-written is left");
  }

  private static Map<String, String> records(Path run) throws IOException {
    Map<String, String> records = new TreeMap<>();
    if (Files.exists(run)) {
      try (Stream<Path> walk = Files.walk(run)) {
        for (Path p : walk.filter(f -> f.toString().endsWith(".stage")).toList()) {
          records.put(run.relativize(p).toString(), Hashes.sha256(p));
        }
      }
    }
    return records;
  }

  @Test
  void ofTwoProcessesOneWaitsAndFindsNothingToDo() throws Exception {
    Path run = temp.resolve("both");
    Process first = start(run, Integer.MAX_VALUE);
    Process second = start(run, Integer.MAX_VALUE);
    finish(first);
    finish(second);
    StringBuilder said = new StringBuilder();
    try (Stream<Path> logs = Files.list(temp)) {
      for (Path log : logs.filter(l -> l.toString().endsWith(".log")).toList()) {
        said.append(Files.readString(log, StandardCharsets.UTF_8));
      }
    }
    assertTrue(said.toString().contains("is writing here; waiting for it."), said.toString());
    assertTrue(said.toString().contains("nothing to do"), said.toString());
    Path whole = temp.resolve("whole");
    finish(start(whole, Integer.MAX_VALUE));
    assertEquals(TinyProject.made(whole), TinyProject.made(run));
    assertFalse(Files.exists(temp.resolve(".both.lock")));
  }
}
