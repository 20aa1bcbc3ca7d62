package org.unlearn4j.cli;

import java.io.PrintStream;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.unlearn4j.prepare.Preparation;

/** Proposes a deletion request out of a body of text. */
final class PrepareCommand implements Command {
  private static final double HOLDOUT = 0.2;

  @Override
  public String name() {
    return "prepare";
  }

  @Override
  public String summary() {
    return "finds what a corpus says of a person, and proposes a request to read and change";
  }

  @Override
  public Options options() {
    return CommandOptions.of(
        CommandOptions.required("about", "NAME", "the person's full name"),
        CommandOptions.value("alias", "NAME", "a further name; repeatable"),
        CommandOptions.required("from", "PATH", "a file or folder: jsonl, csv, txt, md"),
        CommandOptions.required("out", "DIR", "the request's folder, which must not be there"),
        CommandOptions.value(
            "holdout", "SHARE", "what part is set apart to be measured only, at most 0.5 (0.2)"),
        CommandOptions.value("passage", "N", "most characters of a passage (800)"),
        CommandOptions.value("neighbours", "N", "passages to keep (three for each that is found)"),
        CommandOptions.value("questions", "FILE", "your own questions with answers"),
        CommandOptions.value("seed", "N", "of what is set apart (0)"));
  }

  @Override
  public int run(CommandLine line, PrintStream out) {
    int neighbours = CommandOptions.integer(line, "neighbours", 0, -1);
    Preparation preparation =
        new Preparation(
            CommandOptions.text(line, "about").orElseThrow(),
            CommandOptions.texts(line, "alias"),
            CommandOptions.path(line, "from").orElseThrow(),
            CommandOptions.path(line, "out").orElseThrow(),
            CommandOptions.number(line, "holdout", HOLDOUT),
            CommandOptions.integer(line, "passage", 40, Preparation.PASSAGE),
            neighbours < 0 ? Optional.empty() : Optional.of(neighbours),
            CommandOptions.path(line, "questions"),
            CommandOptions.integer(line, "seed", 0, 0));
    preparation.write().forEach(out::println);
    return ExitCode.DONE;
  }
}
