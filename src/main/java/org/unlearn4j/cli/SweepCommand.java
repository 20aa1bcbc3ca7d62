package org.unlearn4j.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.base.Shard;
import org.unlearn4j.study.Sweep;
import org.unlearn4j.study.SweepRunner;

/** Searches for settings on other people than those that are to be forgotten. */
final class SweepCommand implements Command {
  @Override
  public String name() {
    return "sweep";
  }

  @Override
  public String summary() {
    return "searches for settings, and writes the best ones as a pipeline";
  }

  @Override
  public boolean resumes() {
    return true;
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("file", "FILE", "the sweep file (see docs/how-to/many-runs.md)"),
        CommandOptions.required("out", "DIR", "the folder of the runs; a sweep goes on there"),
        CommandOptions.set(),
        CommandOptions.value(
            "shard", "I/N", "make part I of N of the runs first, and no page; any machine may"),
        CommandOptions.flag("plan", "check the file, list the points and stop"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    Path folder = CommandOptions.path(line, "out").orElseThrow();
    Sweep sweep =
        Sweep.read(CommandOptions.path(line, "file").orElseThrow(), CommandOptions.sets(line));
    SweepRunner runner = new SweepRunner(sweep, folder, System.err);
    Optional<Shard> shard = CommandOptions.shard(line);
    if (line.hasOption("plan")) {
      runner.plan(shard.orElse(Shard.WHOLE)).forEach(out::println);
      return ExitCode.DONE;
    }
    if (shard.isPresent()) {
      runner.run(shard.get()).forEach(out::println);
      return ExitCode.DONE;
    }
    out.println(runner.run());
    return ExitCode.DONE;
  }
}
