package org.unlearn4j.cli;

import java.io.PrintStream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.report.Report;
import org.unlearn4j.report.RunFolder;

/** Makes the report of a run. */
final class ReportCommand implements Command {
  @Override
  public String name() {
    return "report";
  }

  @Override
  public String summary() {
    return "makes report.html, one self-contained page, from a run folder";
  }

  @Override
  public Options options() {
    return CommandOptions.of(CommandOptions.required("run", "DIR", "the run folder"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    out.println(Report.write(new RunFolder(CommandOptions.path(line, "run").orElseThrow())));
    return ExitCode.DONE;
  }
}
