package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.run.VerifyStage;

/** Holds deployed files against trained weights; the exit code is the verdict. */
final class VerifyCommand implements Command {
  @Override
  public String name() {
    return "verify";
  }

  @Override
  public String summary() {
    return "holds an exported folder against the trained weights; exit code 1 if a gate fails";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.pipeline(),
        CommandOptions.set(),
        CommandOptions.required("model", "DIR", "the unlearned Hugging Face folder"),
        CommandOptions.required("onnx", "DIR", "the exported folder"),
        CommandOptions.required("out", "FILE", "the verdict to write, as JSON"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Pipeline pipeline = CommandOptions.readPipeline(line);
    Path target = CommandOptions.path(line, "out").orElseThrow();
    Optional<Path> evaluations = Optional.of(target.toAbsolutePath().resolveSibling("eval"));
    Verdict verdict =
        new VerifyStage(pipeline)
            .run(
                CommandOptions.path(line, "model").orElseThrow(),
                CommandOptions.path(line, "onnx").orElseThrow(),
                pipeline.export().variants(),
                evaluations);
    verdict.write(target);
    verdict.failures().forEach(out::println);
    out.println(target + ": " + (verdict.pass() ? "pass" : "fail"));
    return verdict.pass() ? ExitCode.DONE : ExitCode.GATE;
  }
}
