package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.data.fable.FableTokenizer;

/** Writes what the embedded benchmark needs beside its data. */
final class FableCommand implements Command {
  @Override
  public String name() {
    return "fable-tokenizer";
  }

  @Override
  public String summary() {
    return "trains the embedded benchmark's tokenizer and writes it to a folder";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("out", "DIR", "the folder to write"),
        CommandOptions.value("max-length", "N", "positions of the model, 128"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.path(line, "out").orElseThrow();
    FableTokenizer.write(folder, CommandOptions.integer(line, "max-length", 1, 128));
    out.println(folder + ": " + FableTokenizer.VOCAB_SIZE + " tokens");
    return ExitCode.DONE;
  }
}
