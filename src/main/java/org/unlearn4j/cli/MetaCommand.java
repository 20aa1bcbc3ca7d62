package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.study.MetaStudy;

/** Asks of metrics and attacks whether they tell models that know from models that never did. */
final class MetaCommand implements Command {
  @Override
  public String name() {
    return "meta";
  }

  @Override
  public String summary() {
    return "tells which metrics and attacks tell models that know from models that never did";
  }

  @Override
  public List<String> arguments() {
    return List.of("DIR");
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.value("table", "FILE.md", "the page to write the table to (DIR/table.md)"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = Path.of(line.getArgList().get(0));
    Path page = CommandOptions.path(line, "table").orElse(folder.resolve("table.md"));
    MetaStudy.read(folder).write(page);
    out.println(page);
    return ExitCode.DONE;
  }
}
