package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.Shard;
import org.unlearn4j.study.Study;
import org.unlearn4j.study.StudyFiles;
import org.unlearn4j.study.StudyRunner;

/** Runs several methods over several seeds and writes the table of what came out. */
final class StudyCommand implements Command {
  @Override
  public String name() {
    return "study";
  }

  @Override
  public String summary() {
    return "runs methods with and without an addition over seeds, and writes the table";
  }

  @Override
  public boolean resumes() {
    return true;
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("file", "FILE", "the study file (see docs/reference/pipelines.md)"),
        CommandOptions.required(
            "out", "DIR", "the folder of the runs; a stopped study continues there"),
        CommandOptions.value(
            "table",
            "FILE.md",
            "the page to write the table to, with .csv, .json and .svg beside it (DIR/table.md)"),
        CommandOptions.set(),
        CommandOptions.value(
            "shard", "I/N", "make part I of N of the runs only, and no table; any machine may"),
        CommandOptions.flag("plan", "check the file, list the runs and stop"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.path(line, "out").orElseThrow();
    Study study =
        Study.read(CommandOptions.path(line, "file").orElseThrow(), CommandOptions.sets(line));
    StudyRunner runner = new StudyRunner(study, folder, System.err);
    Optional<Shard> shard = CommandOptions.shard(line);
    if (line.hasOption("plan")) {
      runner.plan(shard.orElse(Shard.WHOLE)).forEach(out::println);
      return ExitCode.DONE;
    }
    if (shard.isPresent()) {
      runner.run(shard.get()).forEach(out::println);
      return ExitCode.DONE;
    }
    Path page = CommandOptions.path(line, "table").orElse(folder.resolve("table.md"));
    StudyFiles files = new StudyFiles(study, page); // a page that cannot be written is told now
    files.write(runner.run());
    out.println(page);
    return ExitCode.DONE;
  }
}
