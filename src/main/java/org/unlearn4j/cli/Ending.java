package org.unlearn4j.cli;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;
import org.unlearn4j.base.Verbose;

/**
 * The launcher's pipe, by which it sees how this process ends: whatever ends it without removing
 * the pipe's name has left it no time to say why, and the launcher says so.
 */
final class Ending {
  private static final Optional<File> PIPE =
      Optional.ofNullable(System.getProperty("unlearn4j.ending")).map(File::new);

  private Ending() {}

  /** From now on an end without a word is told. */
  static void watched() {
    PIPE.ifPresent(
        pipe -> {
          pipe.deleteOnExit(); // also where Java ends by itself after a signal
          try (FileOutputStream out = new FileOutputStream(pipe)) {
            out.write('1');
          } catch (IOException e) {
            Verbose.line("The launcher does not watch this process (" + e + ").");
          }
        });
  }

  /** Ends at once what has been explained already. */
  static void halt(int code) {
    PIPE.ifPresent(
        pipe -> {
          try {
            Files.deleteIfExists(pipe.toPath());
          } catch (IOException e) {
            Verbose.line("The launcher will speak, too (" + e + ").");
          }
        });
    Runtime.getRuntime().halt(code);
  }
}
