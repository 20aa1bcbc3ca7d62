package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.PipelineTable;
import org.unlearn4j.run.RowListing;

/** Checks a pipeline file and writes it with every default spelled out. */
final class PipelineCommand implements Command {
  @Override
  public String name() {
    return "pipeline";
  }

  @Override
  public String summary() {
    return "checks a pipeline file and shows it with every default spelled out";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.value("pipeline", "FILE", "the pipeline file"),
        CommandOptions.set(),
        CommandOptions.value(
            "out", "FILE", "write the resolved pipeline there instead of printing it"),
        CommandOptions.value(
            "rows",
            "N",
            "print the first N rows that are forgotten and kept, and what is labelled"),
        CommandOptions.flag(
            "keys", "print every key with its range, default and meaning, as Markdown"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    if (line.hasOption("keys")) {
      out.print(PipelineTable.markdown());
      return ExitCode.DONE;
    }
    if (!line.hasOption("pipeline")) {
      throw new UserException(
          "unlearn4j pipeline: found neither --pipeline nor --keys, expected one of them.");
    }
    Pipeline pipeline = CommandOptions.readPipeline(line);
    if (line.hasOption("rows")) {
      RowListing.print(pipeline, CommandOptions.integer(line, "rows", 1, 1), out);
      return ExitCode.DONE;
    }
    Optional<Path> target = CommandOptions.path(line, "out");
    target.ifPresentOrElse(
        t -> AtomicFiles.writeString(t, pipeline.toYaml()), () -> out.print(pipeline.toYaml()));
    return ExitCode.DONE;
  }
}
