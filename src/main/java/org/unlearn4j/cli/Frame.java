package org.unlearn4j.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.MissingOptionException;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Nearest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.base.Verbose;
import org.unlearn4j.base.Versions;

/** Finds the command, parses its options, runs it and turns what happens into an exit code. */
final class Frame {
  /** Options of every command. */
  static final List<String> GLOBAL = List.of("help", "verbose");

  /** Options that make a list. */
  private static final Set<String> REPEATABLE =
      Set.of("set", "prompt", "stop", "until", "force", "adapter", "weight");

  /** What help calls values that are files and folders. */
  private static final Set<String> PATHS = Set.of("DIR", "FILE", "PATH", "RUN");

  private final List<Command> commands;
  private final PrintStream out;
  private final PrintStream err;

  Frame(List<Command> commands, PrintStream out, PrintStream err) {
    this.commands = commands;
    this.out = out;
    this.err = err;
  }

  /** Runs one command line; never throws. */
  int run(String... args) {
    try {
      return written(dispatch(args));
    } catch (Throwable t) { // the last line of defence: everything becomes an exit code
      Failure failure = Failure.of(t);
      err.println(failure.message());
      if (Arrays.asList(args).contains("--verbose")) {
        t.printStackTrace(err);
      }
      return failure.exitCode();
    } finally {
      out.flush();
      err.flush();
    }
  }

  /** A result that has not arrived is none. */
  private int written(int code) {
    if (!out.checkError()) {
      return code;
    }
    throw new MachineException(
        "Standard output: the result could not be written (the disk is full, or the reader is"
            + " gone).");
  }

  private int dispatch(String[] args) {
    String first = args.length == 0 ? "" : args[0];
    switch (first) {
      case "" -> {
        err.print(Help.overview(commands));
        return ExitCode.USER;
      }
      case "--help", "-h", "help" -> {
        out.print(args.length > 1 ? Help.of(command(args[1])) : Help.overview(commands));
        return ExitCode.DONE;
      }
      case "--version" -> {
        out.println("unlearn4j " + Versions.unlearn4j());
        return ExitCode.DONE;
      }
      default -> {
        return run(command(first), Arrays.copyOfRange(args, 1, args.length));
      }
    }
  }

  private Command command(String name) {
    List<String> names = commands.stream().map(Command::name).toList();
    return commands.stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserException(
                    "unlearn4j: found the unknown command "
                        + name
                        + ", expected one of "
                        + String.join(", ", names)
                        + Nearest.hint(name, names)
                        + "."));
  }

  private int run(Command command, String[] args) {
    if (Arrays.asList(args).contains("--help")) {
      out.print(Help.of(command));
      return ExitCode.DONE;
    }
    CommandLine line = parse(command, args);
    if (line.hasOption("verbose")) {
      Verbose.on();
    }
    return command.run(line, out);
  }

  static Options optionsOf(Command command) {
    Options options = command.options();
    options.addOption(
        CommandOptions.flag("verbose", "tell more, and show the stack trace of a failure"));
    options.addOption(CommandOptions.flag("help", "show this"));
    return options;
  }

  private static CommandLine parse(Command command, String[] args) {
    Options options = optionsOf(command);
    DefaultParser parser =
        DefaultParser.builder()
            .setAllowPartialMatching(
                false) // an abbreviation would change its meaning with the next option
            .setStripLeadingAndTrailingQuotes(false)
            .get();
    CommandLine line;
    try {
      line = parser.parse(options, args);
    } catch (ParseException e) {
      throw mistake(command, explain(e, command.name(), options));
    }
    doubled(line)
        .ifPresent(
            o -> {
              throw mistake(command, "found --" + o + " twice, expected it once");
            });
    List<String> given = line.getArgList();
    List<String> wanted = command.arguments();
    boolean more = !wanted.isEmpty() && wanted.get(wanted.size() - 1).endsWith(Command.MORE);
    if (more ? given.size() < wanted.size() : given.size() != wanted.size()) {
      String found =
          given.isEmpty()
              ? "no argument"
              : "the argument" + (given.size() > 1 ? "s " : " ") + String.join(" ", given);
      throw mistake(
          command,
          "found "
              + found
              + ", expected "
              + (wanted.isEmpty() ? "options only" : String.join(" ", wanted)));
    }
    List<String> empty = emptyPaths(line, wanted);
    if (!empty.isEmpty()) {
      throw mistake(
          command,
          "found an empty path, expected a file or folder (. is the current folder): "
              + String.join(", ", empty));
    }
    return line;
  }

  /** Java takes an empty path for the current folder, which nobody means by a variable not set. */
  private static List<String> emptyPaths(CommandLine line, List<String> wanted) {
    List<String> empty = new ArrayList<>();
    for (Option option : line.getOptions()) {
      if (option.hasArg() && PATHS.contains(option.getArgName()) && option.getValue("").isBlank()) {
        empty.add("--" + option.getLongOpt() + " " + option.getArgName());
      }
    }
    for (int i = 0; i < line.getArgList().size(); i++) {
      String name = wanted.get(Math.min(i, wanted.size() - 1)).replace(Command.MORE, "");
      if (PATHS.contains(name) && line.getArgList().get(i).isBlank()) {
        empty.add(name);
      }
    }
    return empty;
  }

  /**
   * An option given more than once that is no list: one of the values would be lost without a word.
   */
  private static Optional<String> doubled(CommandLine line) {
    Map<String, Integer> count = new TreeMap<>();
    for (Option option : line.getOptions()) {
      count.merge(option.getLongOpt(), 1, Integer::sum);
    }
    return count.entrySet().stream()
        .filter(e -> e.getValue() > 1 && !REPEATABLE.contains(e.getKey()))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  private static String explain(ParseException e, String command, Options options) {
    List<String> known = options.getOptions().stream().map(o -> "--" + o.getLongOpt()).toList();
    if (e instanceof UnrecognizedOptionException u) {
      String name = u.getOption().split("=", 2)[0];
      return "found the unknown option "
          + name
          + ", expected one of "
          + String.join(", ", known)
          + Nearest.hint(name, known);
    }
    if (e instanceof MissingArgumentException m) {
      return "found --"
          + m.getOption().getLongOpt()
          + " without a value, expected --"
          + m.getOption().getLongOpt()
          + " "
          + m.getOption().getArgName();
    }
    if (e instanceof MissingOptionException m) {
      List<?> raw = m.getMissingOptions();
      List<String> missing = raw.stream().map(String::valueOf).toList();
      return "found no --"
          + String.join(", no --", missing)
          + ", expected it (see unlearn4j "
          + command
          + " --help)";
    }
    return "found a command line that cannot be read (" + e.getMessage() + "), expected options";
  }

  private static UserException mistake(Command command, String what) {
    return new UserException("unlearn4j " + command.name() + ": " + what + ".");
  }
}
