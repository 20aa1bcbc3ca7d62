package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.job.Chain;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.Job;

/** Asks otherwise for what was forgotten. */
final class AttackCommand implements Command {
  @Override
  public String name() {
    return "attack";
  }

  @Override
  public String summary() {
    return "asks for what was forgotten in other ways and measures what leaks";
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
            "a Hugging Face folder, or for onnx an ONNX folder (unlearned/ or onnx/ beside the file"
                + " to write)"),
        CommandOptions.value("runtime", "NAME", "tf (default), onnx or onnx:VARIANT"),
        CommandOptions.value(
            "trained",
            "DIR",
            "for onnx: the Hugging Face folder that the file was made from (unlearned/ beside"
                + " --model)"),
        CommandOptions.value(
            "reference", "DIR", "the retain-only model's folder (the pipeline's model.reference)"),
        CommandOptions.required("out", "FILE", "what leaked, as JSON"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path file = CommandOptions.out(line);
    String runtime = CommandOptions.text(line, "runtime").orElse("tf");
    Path model =
        CommandOptions.path(line, "model")
            .orElseGet(() -> file.resolveSibling(runtime.equals("tf") ? "unlearned" : "onnx"));
    Path trained =
        CommandOptions.path(line, "trained").orElseGet(() -> model.resolveSibling("unlearned"));
    // Before the file is read: a limit without a retain-only model is a mistake of the whole.
    List<String> sets = new ArrayList<>(CommandOptions.sets(line));
    CommandOptions.text(line, "reference").ifPresent(r -> sets.add("model.reference=" + r));
    Pipeline pipeline = Pipeline.read(CommandOptions.path(line, "pipeline").orElseThrow(), sets);
    Context context = Context.of(System.err);
    return ExitCode.of(
        Job.run(Chain.attacking(pipeline, model, runtime, trained, file, context), context, out));
  }
}
