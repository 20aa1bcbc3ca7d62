package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.run.LunarStage;

/** Redirects what one block makes of forget rows, in closed form. */
final class LunarCommand implements Command {
  private static final String LAYER = "layer";
  private static final String REFERENCE = "reference";
  private static final String RIDGE = "ridge";
  private static final String STRENGTH = "strength";

  @Override
  public String name() {
    return "lunar";
  }

  @Override
  public String summary() {
    return "redirects forget rows in one block to where rows about strangers are, without training";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.value(
            "model", "DIR", "the Hugging Face folder that is changed (that of model.path)"),
        CommandOptions.required(
            LAYER, "N", "the block whose down projection is solved for, from 0"),
        CommandOptions.value(
            REFERENCE, "NAME", "strangers (the default) or refusals: where forget rows shall go"),
        CommandOptions.value(
            RIDGE, "X", "what a change costs, as a share of the inputs' mean energy (0.001)"),
        CommandOptions.value(STRENGTH, "X", "factor of the move (1)"),
        CommandOptions.required("out", "DIR", "the Hugging Face folder to write"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.out(line);
    LunarStage.Settings settings =
        new LunarStage.Settings(
            layer(line.getOptionValue(LAYER)),
            reference(line.getOptionValue(REFERENCE, "strangers")),
            positive(line, RIDGE, 0.001),
            positive(line, STRENGTH, 1));
    Pipeline pipeline = CommandOptions.readPipeline(line);
    Path model =
        CommandOptions.path(line, "model")
            .or(() -> pipeline.model().path())
            .orElseThrow(
                () -> new UserException("--model: found nothing, expected the model to change."));
    LunarStage.run(pipeline, model, settings, folder, System.err);
    out.println(folder);
    return ExitCode.DONE;
  }

  private static int layer(String given) {
    if (!given.matches("[0-9]{1,4}")) {
      throw new UserException("--layer: found " + given + ", expected a block number from 0.");
    }
    return Integer.parseInt(given);
  }

  private static LunarStage.Reference reference(String given) {
    for (LunarStage.Reference r : LunarStage.Reference.values()) {
      if (r.name().toLowerCase(Locale.ROOT).equals(given)) {
        return r;
      }
    }
    throw new UserException("--reference: found " + given + ", expected strangers or refusals.");
  }

  private static double positive(CommandLine line, String name, double otherwise) {
    double value = CommandOptions.number(line, name, otherwise);
    if (value <= 0) {
      throw new UserException(
          "--"
              + name
              + ": found "
              + line.getOptionValue(name)
              + ", expected a number greater than 0.");
    }
    return value;
  }
}
