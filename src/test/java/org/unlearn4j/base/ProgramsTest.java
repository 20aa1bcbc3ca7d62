package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProgramsTest {
  private static Optional<String> shell(String script) {
    return assertTimeoutPreemptively(
        Duration.ofSeconds(30), () -> Programs.output(List.of("/bin/sh", "-c", script), 1));
  }

  /** As nvidia-smi does when the driver hangs: silent, or in the middle of a word. */
  @Test
  void aProgramThatDoesNotEnd() {
    assertEquals(Optional.empty(), shell("sleep 600"));
    assertEquals(Optional.empty(), shell("echo GPU; sleep 600"));
    // It ends, and leaves somebody behind who holds its output open: nobody waits for that one.
    // What was said is known or not, as the Java runtime comes to see that the program is gone.
    String left = shell("sleep 600 & echo GPU").orElse("GPU\n");
    assertEquals("GPU\n", left);
  }

  @Test
  void whatProgramsSay() {
    assertEquals(Optional.of("GPU 0\n"), shell("echo GPU 0; echo no >&2"));
    assertEquals(Optional.empty(), shell("echo GPU 0; exit 1"));
    assertEquals(Optional.empty(), Programs.output(List.of("/no/such/program")));
    // More than a pipe holds.
    String much = shell("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done").get();
    assertEquals(20_000 * 11, much.length());
  }
}
