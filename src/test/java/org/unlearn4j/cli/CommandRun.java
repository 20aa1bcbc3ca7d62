package org.unlearn4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What one command line printed and ended with. */
record CommandRun(int code, String out, String err) {

  static CommandRun of(List<Command> commands, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        new Frame(
                commands,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8))
            .run(args);
    return new CommandRun(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  static CommandRun of(String... args) {
    return of(Commands.all(), args);
  }

  /** The same, {@code err} being what stages note on the process's own error stream as well. */
  static CommandRun withNotes(String... args) {
    PrintStream own = System.err;
    ByteArrayOutputStream notes = new ByteArrayOutputStream();
    System.setErr(new PrintStream(notes, true, StandardCharsets.UTF_8));
    try {
      CommandRun r = of(args);
      return new CommandRun(r.code, r.out, notes.toString(StandardCharsets.UTF_8) + r.err);
    } finally {
      System.setErr(own);
    }
  }
}
