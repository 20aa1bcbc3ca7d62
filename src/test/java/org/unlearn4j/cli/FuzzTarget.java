package org.unlearn4j.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Something that reads files.
 *
 * @param weight how often it is taken, next to the others
 * @param seeds puts right files into a folder
 * @param formats of those that are to be damaged, by path in the folder
 * @param action what reads them: its exit code
 */
record FuzzTarget(
    String name, int weight, Seeds seeds, Map<String, FuzzFormat> formats, Action action) {

  @FunctionalInterface
  interface Seeds {
    void into(Path folder) throws IOException;
  }

  @FunctionalInterface
  interface Action {
    /**
     * Reads.
     *
     * @param folder with the files
     * @param out where results may be written, empty
     */
    int run(Path folder, Path out, PrintStream err);
  }

  /** A command line on the folder, {@code @} standing for it and {@code #} for what is written. */
  static Action command(String... args) {
    return (folder, out, err) -> {
      String[] line = new String[args.length];
      for (int i = 0; i < args.length; i++) {
        line[i] = args[i].replace("@", folder.toString()).replace("#", out.toString());
      }
      PrintStream nowhere = new PrintStream(java.io.OutputStream.nullOutputStream(), false);
      return new Frame(Commands.all(), nowhere, err).run(line);
    };
  }

  /** A reader by itself, what it throws being told as the program tells it. */
  static Action reader(Consumer<Path> reader) {
    return (folder, out, err) -> {
      try {
        reader.accept(folder);
        return ExitCode.DONE;
      } catch (Throwable t) { // as the program does
        Failure failure = Failure.of(t);
        err.println(failure.message());
        if (failure.exitCode() == ExitCode.BUG) {
          t.printStackTrace(err);
        }
        return failure.exitCode();
      }
    };
  }

  /** The same of a file in the folder. */
  static Action file(String name, Function<Path, Object> reader) {
    return reader(
        folder -> {
          Object ignored = reader.apply(folder.resolve(name));
        });
  }
}
