package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.UserException;
import org.unlearn4j.run.NegateStage;

/** Subtracts from a model what it learned when it was trained further. */
final class NegateCommand implements Command {
  private static final String STRENGTH = "strength";

  @Override
  public String name() {
    return "negate";
  }

  @Override
  public String summary() {
    return "subtracts from a model's weights what further training on the forget rows added";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("model", "DIR", "the Hugging Face folder that shall forget"),
        CommandOptions.required(
            "learned", "DIR", "the same model, trained further on what must go"),
        CommandOptions.value(STRENGTH, "X", "how much of the difference is subtracted (0.5)"),
        CommandOptions.required("out", "DIR", "the Hugging Face folder to write"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    double strength = CommandOptions.number(line, STRENGTH, 0.5);
    if (strength <= 0) {
      throw new UserException(
          "--strength: found "
              + line.getOptionValue(STRENGTH)
              + ", expected a number greater than 0.");
    }
    Path folder = CommandOptions.path(line, "out").orElseThrow();
    Path model = CommandOptions.path(line, "model").orElseThrow();
    Path learned = CommandOptions.path(line, "learned").orElseThrow();
    NegateStage.run(model, learned, strength, folder, System.err);
    out.println(folder);
    return ExitCode.DONE;
  }
}
