package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
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
    return "writes a checkpoint whose weights are the dequantised codes of an int8 or int4 file";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("model", "DIR", "the Hugging Face folder"),
        CommandOptions.required("variant", "NAME", RoundStage.variants()),
        CommandOptions.required("out", "DIR", "the Hugging Face folder to write"),
        CommandOptions.flag(
            "quantize-embeddings",
            "with int4: the token table in int4 too; a tied head stays tied"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.path(line, "out").orElseThrow();
    RoundStage.run(
            CommandOptions.path(line, "model").orElseThrow(),
            Variant.named(CommandOptions.text(line, "variant").orElseThrow()),
            line.hasOption("quantize-embeddings"),
            folder)
        .forEach(System.err::println);
    out.println(folder);
    return ExitCode.DONE;
  }
}
