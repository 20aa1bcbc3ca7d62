package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher says where Java could not, with stand-ins for Java that end in some way. */
class LauncherEndingTest {
  private static final String SENTENCE = "unlearn4j: the process was ended from outside or by";

  /** Finds the pipe among its arguments, as the program does. */
  private static final String PIPE =
      """
      #!/bin/sh
      for a; do
        case $a in -Dunlearn4j.ending=*) pipe=${a#*=} ;; esac
      done
      """;

  @TempDir Path folder;

  private record Run(int code, String output) {}

  private Run run(String java) throws IOException, InterruptedException {
    Path launcher = Files.createDirectories(folder.resolve("dist/bin")).resolve("unlearn4j");
    Files.copy(Path.of("src/main/dist/bin/unlearn4j"), launcher);
    Path program = Files.createDirectories(folder.resolve("jdk/bin")).resolve("java");
    Files.writeString(program, PIPE + java);
    assertTrue(program.toFile().setExecutable(true) && launcher.toFile().setExecutable(true));
    Path said = folder.resolve("said");
    ProcessBuilder builder =
        new ProcessBuilder(launcher.toString(), "x")
            .redirectErrorStream(true)
            .redirectOutput(said.toFile());
    builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
    Path temporary = Files.createDirectories(folder.resolve("tmp"));
    builder.environment().put("TMPDIR", temporary.toString());
    int code = builder.start().waitFor();
    for (int i = 0; i < 500 && left(temporary) > 0; i++) {
      Thread.sleep(20); // it speaks when the process has ended
    }
    assertEquals(0, left(temporary), "the pipe is put away");
    String output = Files.readString(said);
    return new Run(code, output);
  }

  private static long left(Path folder) throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.count();
    }
  }

  @Test
  void anAbortIsExplained() throws Exception {
    Run r = run("echo 1 > \"$pipe\"\nkill -ABRT $$\n");
    assertEquals(134, r.code);
    assertTrue(r.output.startsWith(SENTENCE), r.output);
    assertEquals(1, r.output.lines().count(), r.output);
  }

  @Test
  void anOrderlyEndIsNot() throws Exception {
    assertEquals(new Run(2, ""), run("echo 1 > \"$pipe\"\nrm \"$pipe\"\nexit 2\n"));
  }

  /** Java itself says what it does not understand. */
  @Test
  void nothingIsAddedBeforeTheProgramHasBegun() throws Exception {
    assertEquals(new Run(1, "no such option\n"), run("echo no such option\nexit 1\n"));
  }
}
