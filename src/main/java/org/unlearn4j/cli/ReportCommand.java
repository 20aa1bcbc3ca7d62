package org.unlearn4j.cli;

import java.io.PrintStream;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.Job;
import org.unlearn4j.job.PipelineStages;
import org.unlearn4j.job.RecordedRun;
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
    RunFolder folder = new RunFolder(CommandOptions.path(line, "run").orElseThrow());
    RecordedRun.differences(folder).forEach(System.err::println);
    Context context = Context.of(System.err);
    return ExitCode.of(
        Job.run(List.of(PipelineStages.report(name(), folder, context)), context, out));
  }
}
