package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.run.RoundStage;
import org.unlearn4j.weights.Variant;

/** Writes the checkpoint that a quantised file stands for. */
final class RoundCommand implements Command {
  @Override
  public String name() {
    return "round";
  }

  @Override
  public String summary() {
    return "writes a checkpoint whose weights are the dequantised codes of a quantised file";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("model", "DIR", "the Hugging Face folder"),
        CommandOptions.required("variant", "NAME", RoundStage.variants()),
        CommandOptions.required("out", "DIR", "the Hugging Face folder to write"),
        CommandOptions.flag(
            "quantize-embeddings",
            "with int4 or q4f16: the token table in int4 too; a tied head stays tied"),
        CodeOptions.int4(),
        CodeOptions.int8());
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.path(line, "out").orElseThrow();
    Variant variant = Variant.named(CommandOptions.text(line, "variant").orElseThrow());
    RoundStage.run(
            CommandOptions.path(line, "model").orElseThrow(),
            variant,
            line.hasOption("quantize-embeddings"),
            CodeOptions.of(line, List.of(variant)),
            folder)
        .forEach(System.err::println);
    out.println(folder);
    return ExitCode.DONE;
  }
}
