package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.UserException;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.Job;
import org.unlearn4j.job.PipelineStages;
import org.unlearn4j.weights.DType;

/** Teaches a model a data set. */
final class FinetuneCommand implements Command {
  @Override
  public String name() {
    return "finetune";
  }

  @Override
  public String summary() {
    return "teaches a model a data set, from given or fresh weights";
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
        CommandOptions.required("out", "DIR", "the Hugging Face folder to write"),
        CommandOptions.value(
            "dtype", "TYPE", "of the written weights: float32 (default) or float16"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.out(line);
    String type = CommandOptions.text(line, "dtype").orElse("float32");
    DType dtype =
        switch (type) {
          case "float32" -> DType.F32;
          case "float16" -> DType.F16;
          default ->
              throw new UserException("--dtype: found " + type + ", expected float32 or float16.");
        };
    Context context = Context.of(System.err);
    PipelineStages stages =
        new PipelineStages(CommandOptions.settledPipeline(line, folder), context);
    return ExitCode.of(Job.run(List.of(stages.teach(name(), dtype, folder)), context, out));
  }
}
