package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.MembershipAttack;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.run.EvaluateStage;
import org.unlearn4j.run.EvaluationFiles;

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
            "the retain-only model's evaluation by the same suite, for what is measured against it"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path target = CommandOptions.path(line, "out").orElseThrow();
    String file = String.valueOf(target.getFileName());
    int dot = file.indexOf('.');
    EvaluateStage.Request request =
        new EvaluateStage.Request(
            dot < 0 ? file : file.substring(0, dot),
            CommandOptions.path(line, "model").orElseThrow(),
            CommandOptions.text(line, "runtime").orElseThrow(),
            CommandOptions.path(line, "reference").map(EvaluationResult::read),
            Optional.of(target.resolveSibling("." + file + ".rows")));
    EvaluationResult result =
        new EvaluateStage(CommandOptions.readPipeline(line))
            .run(request, r -> EvaluationFiles.write(r, target));
    out.println(request.name() + " on " + result.runtime() + ":");
    result
        .metrics()
        .forEach((name, value) -> out.printf(Locale.ROOT, "  %-36s %.4g%n", name, value));
    List<String> leftOut = leftOut(result);
    if (request.reference().isEmpty() && !leftOut.isEmpty()) {
      out.println("  without --reference there is no " + String.join(", no ", leftOut));
    }
    out.printf(
        Locale.ROOT,
        "  %.1f s, %.0f tokens a second%n",
        result.seconds(),
        result.tokensPerSecond());
    return ExitCode.DONE;
  }

  /** What the retain-only model's numbers would have given beside what is there. */
  private static List<String> leftOut(EvaluationResult result) {
    List<String> names = new ArrayList<>();
    if (result.metrics().containsKey(Metric.FORGET_TRUTH_RATIO.key())) {
      names.add(Metric.FORGET_QUALITY.key());
    }
    if (result.metrics().containsKey(MembershipAttack.MIN_K_40.auc())) {
      names.addAll(List.of(Metric.PRIVLEAK.key(), MembershipAttack.REFERENCE.auc()));
    }
    return names;
  }
}
