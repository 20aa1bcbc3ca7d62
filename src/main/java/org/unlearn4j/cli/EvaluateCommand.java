package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.UserException;
import org.unlearn4j.job.Context;
import org.unlearn4j.job.Job;
import org.unlearn4j.job.PipelineStages;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.stage.Stage;

/** Measures a model on a runtime. */
final class EvaluateCommand implements Command {
  @Override
  public String name() {
    return "evaluate";
  }

  @Override
  public String summary() {
    return "measures a model on a runtime: the benchmark's metrics and the features' entanglement";
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
        CommandOptions.required(
            "model", "DIR", "a Hugging Face folder, or for onnx an ONNX folder"),
        CommandOptions.required("runtime", "NAME", "tf, onnx or onnx:VARIANT"),
        CommandOptions.required("out", "FILE", "the evaluation to write, as JSON"),
        CommandOptions.value(
            "reference",
            "FILE",
            "the retain-only model's evaluation by the same suite, for what is measured against"
                + " it"),
        CommandOptions.value(
            "shard", "I/N", "ask the model part I of N only, into FILE.shards/; any machine may"),
        CommandOptions.value(
            "merge", "N", "put N parts together instead of asking the model; see --shard"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path target = CommandOptions.out(line);
    String file = String.valueOf(target.getFileName());
    int dot = file.indexOf('.');
    EvaluateStage.Request request =
        new EvaluateStage.Request(
            dot < 0 ? file : file.substring(0, dot),
            CommandOptions.path(line, "model").orElseThrow(),
            CommandOptions.text(line, "runtime").orElseThrow(),
            CommandOptions.path(line, "reference"));
    Context context = Context.of(System.err);
    PipelineStages stages = new PipelineStages(CommandOptions.readPipeline(line), context);
    Optional<Shard> shard = CommandOptions.shard(line);
    int parts = CommandOptions.integer(line, "merge", 1, 0);
    if (shard.isPresent() && parts > 0) {
      throw new UserException("--merge: found it beside --shard, expected one of the two.");
    }
    if (shard.isPresent()) {
      Stage part = stages.shards(request, target).stage(shard.get());
      return ExitCode.of(Job.runOnce(part, context, out));
    }
    if (parts > 0) {
      stages.shards(request, target).join(parts);
    }
    String stage = name() + " " + file.replaceFirst("[.]json$", "");
    return ExitCode.of(Job.run(List.of(stages.evaluate(stage, request, target)), context, out));
  }
}
