package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.UserException;
import org.unlearn4j.run.AlternatesStage;
import org.unlearn4j.run.RuntimeModels;

/** Draws other answers to what is to be forgotten. */
final class AlternatesCommand implements Command {
  @Override
  public String name() {
    return "alternates";
  }

  @Override
  public String summary() {
    return "draws other answers to what is to be forgotten, which AltPO prefers";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.required(
            "model", "DIR", "the model before unlearning, a Hugging Face folder"),
        CommandOptions.required("out", "FILE", "JSON Lines for data.alternates; must not be there"),
        CommandOptions.value("samples", "N", "answers to each question (1)"),
        CommandOptions.value("temperature", "T", "of the draws (1)"),
        CommandOptions.value("seed", "N", "of the draws (0)"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path file = CommandOptions.out(line);
    double temperature = CommandOptions.number(line, "temperature", 1);
    if (!(temperature > 0)) {
      throw new UserException(
          "--temperature: found " + temperature + ", expected a number greater than 0.");
    }
    AlternatesStage.Dice dice =
        new AlternatesStage.Dice(
            CommandOptions.integer(line, "samples", 1, 1),
            temperature,
            CommandOptions.integer(line, "seed", 0, 0));
    RuntimeModels.onlyMeasured();
    out.println(
        AlternatesStage.run(
            CommandOptions.readPipeline(line),
            CommandOptions.path(line, "model").orElseThrow(),
            file,
            dice,
            System.err));
    out.println(file);
    return ExitCode.DONE;
  }
}
