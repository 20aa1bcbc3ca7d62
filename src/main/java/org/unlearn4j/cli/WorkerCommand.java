package org.unlearn4j.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.run.RuntimeModels;

/** Computes for a training of several processes, whose first one is another command. */
final class WorkerCommand implements Command {
  private static final int MINUTES = 10;

  @Override
  public String name() {
    return "worker";
  }

  @Override
  public String summary() {
    return "computes for the first of several processes that train together";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.required(
            "place", "N", "which of model.device's processes this is, from 1; 0 trains"),
        CommandOptions.value("wait", "MINUTES", "for the first process (default 10)"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Optional<String> failure =
        RuntimeModels.serve(
            CommandOptions.readPipeline(line).model(),
            CommandOptions.integer(line, "place", 0, 0),
            Duration.ofMinutes(CommandOptions.integer(line, "wait", MINUTES, 1)),
            System.err);
    failure.ifPresent(System.err::println);
    return failure.isPresent() ? ExitCode.FIRST_FAILED : ExitCode.DONE;
  }
}
