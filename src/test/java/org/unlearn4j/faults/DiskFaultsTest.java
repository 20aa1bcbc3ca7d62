package org.unlearn4j.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk that is full or takes nothing under everything that writes, standard output included. */
@Tag("slow")
class DiskFaultsTest {
  private static final int MACHINE = 3;

  private static final String SAID_NOTHING = "Standard output: the result could not be written";

  @TempDir static Path root;
  private static WritingCommands commands;

  @TempDir Path temp;

  @BeforeAll
  static void models() throws IOException, InterruptedException {
    commands = new WritingCommands(root);
  }

  /** By name, and the sizes that its results go beyond. */
  static Stream<String> writers() {
    return Stream.of(
        "run",
        "finetune",
        "unlearn",
        "export",
        "evaluate-tf",
        "evaluate-onnx",
        "relearn",
        "round",
        "merge",
        "negate",
        "surgery",
        "verify",
        "compare",
        "study",
        "graphs",
        "fable-tokenizer");
  }

  private static void refused(Child.End end, String why) {
    assertEquals(MACHINE, end.code(), end.err());
    // Notes and gates of what was done before are sentences, too.
    List<String> lines = end.err().lines().toList();
    assertEquals(1, lines.stream().filter(l -> l.contains(why)).count(), end.err());
    String reason = lines.get(lines.size() - 1);
    assertTrue(reason.contains(why) && reason.endsWith("."), end.err());
    assertTrue(reason.length() <= 500, reason);
  }

  private void full(String command, int kibibytes) throws IOException, InterruptedException {
    Path out = Files.createDirectories(temp.resolve("out"));
    Path listing = temp.resolve("left");
    Child.End end =
        new Child(temp)
            .after("mount -t tmpfs -o size=" + kibibytes + "k tmpfs " + out)
            .listing(out, listing)
            .run(commands.arguments(command, out));
    refused(end, "No space left on device");
    List<String> left = Files.readAllLines(listing);
    assertEquals(List.of(), left.stream().filter(f -> f.matches(".*[.](part|old|lock)")).toList());
  }

  @ParameterizedTest
  @MethodSource("writers")
  void aFullDisk(String command) throws IOException, InterruptedException {
    full(command, 4);
  }

  /** Later and later: the lock, the log, a checkpoint, a model, an ONNX folder, an evaluation. */
  @ParameterizedTest
  @CsvSource({
    "run,128",
    "run,300",
    "run,500",
    "run,700",
    "run,900",
    "run,1200",
    "run,1600",
    "unlearn,200",
    "unlearn,400",
    "unlearn,600",
    "export,150",
    "export,400",
    "evaluate-tf,24",
    "study,300"
  })
  void aDiskThatFillsUp(String command, int kibibytes) throws IOException, InterruptedException {
    full(command, kibibytes);
  }

  @ParameterizedTest
  @MethodSource("writers")
  void aReadOnlyFolder(String command) throws IOException, InterruptedException {
    Path out = Files.createDirectories(temp.resolve("out"));
    Child.End end =
        new Child(temp)
            .after("mount -t tmpfs -o ro,size=64k tmpfs " + out)
            .run(commands.arguments(command, out));
    refused(end, "Read-only file system");
  }

  @ParameterizedTest
  @MethodSource("writers")
  void standardOutputThatTakesNothing(String command) throws IOException, InterruptedException {
    Path full = full();
    Path out = Files.createDirectories(temp.resolve("out"));
    Child.End end = new Child(temp).to(full).run(commands.arguments(command, out));
    refused(end, SAID_NOTHING);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "inspect target",
        "inspect --json onnx",
        "inspect --verify-hashes onnx",
        "pipeline --keys",
        "doctor",
        "generate --model target --prompt Who? --max-new-tokens 2",
        "run --help",
        "--version"
      })
  void standardOutputOfWhoeverOnlySays(String line) throws IOException, InterruptedException {
    Path full = full();
    String models = commands.models() + "/";
    List<String> arguments =
        Stream.of(line.split(" ", -1))
            .map(a -> a.equals("target") || a.equals("onnx") ? models + a : a)
            .toList();
    refused(new Child(temp).to(full).run(arguments), SAID_NOTHING);
  }

  private static Path full() {
    Path full = Path.of("/dev/full");
    Assumptions.assumeTrue(Files.exists(full), "no /dev/full on this system");
    return full;
  }
}
