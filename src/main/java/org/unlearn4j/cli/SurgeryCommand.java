package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.run.SurgeryStage;

/** Cuts what tells forget from retain rows out of a model's weights. */
final class SurgeryCommand implements Command {
  @Override
  public String name() {
    return "surgery";
  }

  @Override
  public String summary() {
    return "cuts directions that belong to what is forgotten out of a model's weights";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.value(
            "model", "DIR", "the Hugging Face folder that is cut (that of model.path)"),
        CommandOptions.required("out", "DIR", "the Hugging Face folder to write"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.out(line);
    Pipeline pipeline = CommandOptions.readPipeline(line);
    Path model =
        CommandOptions.path(line, "model")
            .or(() -> pipeline.model().path())
            .orElseThrow(
                () -> new UserException("--model: found nothing, expected the model to cut."));
    SurgeryStage.run(pipeline, model, folder, System.err);
    out.println(folder);
    return ExitCode.DONE;
  }
}
