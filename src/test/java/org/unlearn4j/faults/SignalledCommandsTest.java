package org.unlearn4j.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every command that works for long is asked to stop in the middle, by each of the three signals:
 * it ends within ten seconds with the signal's code and leaves nothing half-written. After one of
 * them the same command is called again and makes, bit for bit, what an undisturbed one makes.
 */
@Tag("slow")
class SignalledCommandsTest {
  private static final Map<String, Integer> CODES = Map.of("HUP", 129, "INT", 130, "TERM", 143);

  private static final String AGAIN = "TERM";

  /** Enough for seconds of work, most of which is left when the first trace of it is seen. */
  private static final int EPOCHS = 4;

  private static final int ROWS = 300;

  /** By command: what is there, in its folder or the models', when it is in the middle. */
  private static final Map<String, String> TRACES =
      Map.of(
          "run", "out/logs/finetune-target.jsonl",
          "unlearn", "out/logs/*.jsonl",
          "export", "out/.onnx.*part",
          "evaluate-tf", "out/eval/.less.json.rows",
          "evaluate-onnx", "out/eval/.less.json.rows",
          "verify", "models/.onnx.lock",
          "relearn", "out/logs/*.jsonl",
          "study", "out/two/**/*.jsonl");

  @TempDir static Path root;
  private static WritingCommands commands;
  private static final Map<String, Map<String, String>> UNBROKEN = new HashMap<>();

  @TempDir Path temp;

  @BeforeAll
  static void models() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Child.hears(), "this session ignores signals and its env cannot take that back");
    commands = new WritingCommands(root, EPOCHS, ROWS);
  }

  static Stream<Arguments> everyOneByEach() {
    return TRACES.keySet().stream()
        .sorted()
        .flatMap(name -> CODES.keySet().stream().sorted().map(s -> Arguments.of(name, s)));
  }

  private static Map<String, String> unbroken(String name)
      throws IOException, InterruptedException {
    if (!UNBROKEN.containsKey(name)) {
      Path folder = root.resolve("unbroken").resolve(name);
      assertTrue(commands.start(name, folder).waitFor() <= 1, () -> "see " + folder + ".log");
      UNBROKEN.put(name, commands.made(name, folder));
    }
    return UNBROKEN.get(name);
  }

  /** Waits until a command has left the first trace of its work. */
  private void inTheMiddle(String name, Path out, Process process) throws IOException {
    PathMatcher trace = temp.getFileSystem().getPathMatcher("glob:**/" + TRACES.get(name));
    Path where = name.equals("verify") ? commands.models() : out;
    while (process.isAlive()) {
      try (Stream<Path> walk = Files.walk(where)) {
        if (walk.anyMatch(trace::matches)) {
          return;
        }
      } catch (java.io.UncheckedIOException e) {
        Thread.onSpinWait(); // something went while we looked
      }
    }
  }

  private Child.End stopped(String name, String signal, Path out, List<String> arguments)
      throws IOException, InterruptedException {
    Child child = new Child(temp).hearing();
    Process process = child.start(arguments);
    try {
      inTheMiddle(name, out, process);
      assertTrue(process.isAlive(), () -> "it ended by itself; " + temp);
      ProcessBuilder kill = new ProcessBuilder("kill", "-" + signal, "" + process.pid());
      long start = System.nanoTime();
      assertEquals(0, kill.start().waitFor());
      Child.End end = child.end(process);
      double seconds = (System.nanoTime() - start) / 1e9;
      assertTrue(seconds < 10, "it took " + seconds + " s to stop");
      return end;
    } finally {
      process.destroyForcibly();
    }
  }

  @ParameterizedTest
  @MethodSource("everyOneByEach")
  void stopsAndGoesOn(String name, String signal) throws IOException, InterruptedException {
    boolean again = signal.equals(AGAIN);
    final Map<String, String> expected = again ? unbroken(name) : Map.of();
    Path out = Files.createDirectories(temp.resolve("out"));
    List<String> arguments = commands.arguments(name, out);
    Child.End end = stopped(name, signal, out, arguments);
    assertEquals(CODES.get(signal), end.code(), end.err());
    assertTrue(end.err().contains("Stopping where nothing is lost (SIG" + signal + ")"), end.err());
    assertTrue(end.err().contains("Stopped as asked; what was done is kept"), end.err());
    assertEquals(List.of(), TinyProject.left(out));
    if (name.startsWith("evaluate")) {
      assertTrue(Files.size(out.resolve("eval/.less.json.rows")) > 0, "rows are kept");
    }
    if (again) {
      Child.End whole = new Child(temp).run(arguments);
      assertTrue(whole.code() <= 1, whole.err());
      assertEquals(expected, commands.made(name, out));
    }
    List<String> left = new ArrayList<>(TinyProject.left(out));
    left.addAll(TinyProject.left(commands.models()));
    assertEquals(List.of(), left);
  }
}
