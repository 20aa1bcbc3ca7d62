package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.eval.RelearnResult;
import org.unlearn4j.run.RelearnStage;

/** Asks whether what was forgotten stays forgotten. */
final class RelearnCommand implements Command {
  /** What is told at once; the file has all of it. */
  private static final List<String> SHOWN =
      List.of(
          "forget_prob",
          "forget_prob_untaught",
          "verbmem",
          "verbmem_untaught",
          "extraction_strength",
          "extraction_strength_untaught",
          "wmdp_accuracy",
          "model_utility",
          "utility_without_rouge");

  @Override
  public String name() {
    return "relearn";
  }

  @Override
  public String summary() {
    return "teaches a little of what was forgotten again and measures what comes back";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.value(
            "model",
            "DIR",
            "the unlearned Hugging Face folder (unlearned/ beside the file to write)"),
        CommandOptions.required("out", "FILE", "what came back, as JSON"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path file = CommandOptions.path(line, "out").orElseThrow();
    Path model =
        CommandOptions.path(line, "model").orElseGet(() -> file.resolveSibling("unlearned"));
    RelearnResult result =
        new RelearnStage(CommandOptions.readPipeline(line), System.err).run(model, file);
    for (RelearnResult.Arm arm : result.arms()) {
      arm.models()
          .forEach(
              (name, course) -> {
                out.printf(
                    Locale.ROOT, "%s, taught %d rows of %s:%n", name, arm.rows(), arm.data());
                SHOWN.stream()
                    .filter(course.after()::containsKey)
                    .forEach(metric -> out.println(sentence(metric, course)));
              });
    }
    out.println(file);
    return ExitCode.DONE;
  }

  private static String sentence(String metric, RelearnResult.Course course) {
    OptionalDouble back = course.wayBack().getOrDefault(metric, OptionalDouble.empty());
    return String.format(
        Locale.ROOT,
        "  %-30s %.4f -> %.4f%s",
        metric,
        course.before().get(metric),
        course.after().get(metric),
        back.isEmpty() ? "" : "  " + Math.round(100 * back.getAsDouble()) + " % of the way back");
  }
}
