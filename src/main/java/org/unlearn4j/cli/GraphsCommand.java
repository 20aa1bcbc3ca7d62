package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.run.GraphListings;

/** Writes the graphs as text, for review. */
final class GraphsCommand implements Command {
  @Override
  public String name() {
    return "graphs";
  }

  @Override
  public String summary() {
    return "writes every graph as reviewable text";
  }

  @Override
  public Options options() {
    return CommandOptions.of(CommandOptions.required("out", "DIR", "the folder to write into"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.path(line, "out").orElseThrow();
    GraphListings.all()
        .forEach(
            (name, text) -> {
              AtomicFiles.writeString(folder.resolve(name), text);
              out.println(folder.resolve(name));
            });
    return ExitCode.DONE;
  }
}
