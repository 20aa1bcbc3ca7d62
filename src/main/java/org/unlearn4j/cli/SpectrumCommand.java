package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.run.SpectrumStage;

/** Shows how many directions carry the difference between before and after. */
final class SpectrumCommand implements Command {
  @Override
  public String name() {
    return "spectrum";
  }

  @Override
  public String summary() {
    return "shows how many directions carry what unlearning changed, and what relearning moves";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.required("before", "DIR", "the Hugging Face folder before unlearning"),
        CommandOptions.required("after", "DIR", "the unlearned Hugging Face folder"),
        CommandOptions.value(
            "relearned", "DIR", "that folder taught again (relearn --weights writes one)"),
        CommandOptions.value(
            "directions", "K", "directions of each subspace of features (8 by default)"),
        CommandOptions.value("rows", "N", "rows of each set that are read, at most (256)"),
        CommandOptions.required("out", "FILE", "spectrum.json"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path file = CommandOptions.out(line);
    SpectrumStage.run(
        new SpectrumStage.Request(
            CommandOptions.readPipeline(line),
            CommandOptions.path(line, "before").orElseThrow(),
            CommandOptions.path(line, "after").orElseThrow(),
            CommandOptions.path(line, "relearned"),
            CommandOptions.integer(line, "directions", 1, 8),
            CommandOptions.integer(line, "rows", 2, 256)),
        file,
        System.err);
    out.println(file);
    return ExitCode.DONE;
  }
}
