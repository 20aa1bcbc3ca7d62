package org.unlearn4j.cli;

import java.io.PrintStream;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.job.RecordedRun;
import org.unlearn4j.report.Comparison;

/** Lays runs side by side. */
final class CompareCommand implements Command {
  @Override
  public String name() {
    return "compare";
  }

  @Override
  public String summary() {
    return "compares runs: settings that differ, metrics, verdicts";
  }

  @Override
  public List<String> arguments() {
    return List.of("RUN", "RUN" + MORE);
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.value("out", "FILE.html", "write a page with tables and a picture as well"),
        CommandOptions.json());
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Comparison comparison = Comparison.read(line.getArgList());
    comparison.folders().stream()
        .flatMap(f -> RecordedRun.differences(f).stream())
        .forEach(System.err::println);
    CommandOptions.path(line, "out").ifPresent(comparison::write);
    if (line.hasOption("json")) {
      out.println(comparison.json());
    } else {
      out.print(comparison.text());
      CommandOptions.path(line, "out").ifPresent(out::println);
    }
    return ExitCode.DONE;
  }
}
