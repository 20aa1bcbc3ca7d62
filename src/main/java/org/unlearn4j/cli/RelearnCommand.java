package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.job.Chain;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.Job;

/** Asks whether what was forgotten stays forgotten. */
final class RelearnCommand implements Command {
  @Override
  public String name() {
    return "relearn";
  }

  @Override
  public String summary() {
    return "teaches a little of what was forgotten again and measures what comes back";
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
        CommandOptions.value(
            "model",
            "DIR",
            "the unlearned Hugging Face folder (unlearned/ beside the file to write)"),
        CommandOptions.value(
            "weights", "DIR", "a Hugging Face folder to write: that model, taught again"),
        CommandOptions.required("out", "FILE", "what came back, as JSON"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path file = CommandOptions.out(line);
    Path model =
        CommandOptions.path(line, "model").orElseGet(() -> file.resolveSibling("unlearned"));
    Context context = Context.of(System.err);
    return ExitCode.of(
        Job.run(
            Chain.relearning(
                CommandOptions.settledPipeline(line, file),
                model,
                file,
                CommandOptions.path(line, "weights"),
                context),
            context,
            out));
  }
}
