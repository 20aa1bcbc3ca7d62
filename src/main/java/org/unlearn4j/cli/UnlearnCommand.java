package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.Job;
import org.unlearn4j.job.PipelineStages;

/** Makes a model forget. */
final class UnlearnCommand implements Command {
  @Override
  public String name() {
    return "unlearn";
  }

  @Override
  public String summary() {
    return "makes a model forget a data set and keep the rest";
  }

  @Override
  public boolean resumes() {
    return true;
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.required("out", "DIR", "the Hugging Face folder to write"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.out(line);
    Context context = Context.of(System.err);
    PipelineStages stages =
        new PipelineStages(CommandOptions.settledPipeline(line, folder), context);
    return ExitCode.of(Job.run(List.of(stages.unlearn(name(), folder)), context, out));
  }
}
