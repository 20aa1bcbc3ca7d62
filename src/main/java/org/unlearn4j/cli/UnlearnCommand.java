package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.Versions;
import org.unlearn4j.run.UnlearnStage;

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
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.required("out", "DIR", "the Hugging Face folder to write"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.path(line, "out").orElseThrow();
    UnlearnStage stage =
        new UnlearnStage(CommandOptions.readPipeline(line), System.err, Versions.unlearn4j());
    out.println(FinetuneCommand.sentence(folder, stage.run(folder)));
    return ExitCode.DONE;
  }
}
