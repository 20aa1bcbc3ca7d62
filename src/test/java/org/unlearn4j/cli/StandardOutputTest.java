package org.unlearn4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** A result that does not arrive is not done. */
class StandardOutputTest {
  private static final String MODEL = "src/test/resources/fixtures/llama";

  private static CommandRun inspect(OutputStream to) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(new WantedOutput(to), true, StandardCharsets.UTF_8);
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    int code = new Frame(Commands.all(), out, errors).run("inspect", "--json", MODEL);
    return new CommandRun(code, "", err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aFullDisk() throws IOException {
    Path full = Path.of("/dev/full"); // Linux has it: writing finds no space left
    Assumptions.assumeTrue(Files.exists(full), "no /dev/full on this system");
    try (FileOutputStream to = new FileOutputStream(full.toFile())) {
      CommandRun r = inspect(to);
      assertEquals(ExitCode.MACHINE, r.code(), r.err());
      assertTrue(r.err().startsWith("Standard output: the result could not be written"), r.err());
      assertEquals(1, r.err().lines().count(), r.err());
    }
  }

  private static OutputStream failing(String message) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException(message);
      }
    };
  }

  @Test
  void aReaderThatHasEnough() {
    assertEquals(ExitCode.DONE, inspect(failing("Broken pipe")).code());
    assertEquals(ExitCode.MACHINE, inspect(failing("Input/output error")).code());
  }
}
