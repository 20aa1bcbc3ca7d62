package org.unlearn4j.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.unlearn4j.base.ExitStatus;

/** The program. */
public final class Main {
  private Main() {}

  /** Runs the command that {@code args} name and exits with its code. */
  public static void main(String[] args) {
    // UTF-8 whatever the locale says: generated text and JSON are meant for files and pipes as
    // well.
    PrintStream out = stream(new WantedOutput(new FileOutputStream(FileDescriptor.out)));
    PrintStream err = stream(new FileOutputStream(FileDescriptor.err));
    System.setErr(err); // progress and notes too
    Ending.watched();
    List<Command> commands = Commands.all();
    if (commands.stream()
        .anyMatch(c -> args.length > 0 && c.name().equals(args[0]) && c.resumes())) {
      Signals.handle(err);
    }
    int code = Signals.exitCode(new Frame(commands, out, err).run(args));
    if (code != ExitCode.DONE && code != ExitCode.GATE) { // a gate is asked when all is done
      ExitStatus.failed(code);
    }
    System.exit(code);
  }

  private static PrintStream stream(OutputStream to) {
    return new PrintStream(to, true, StandardCharsets.UTF_8);
  }
}
