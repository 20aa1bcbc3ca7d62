package org.unlearn4j.cli;

import java.io.PrintStream;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;

/**
 * One command. The frame adds {@code --help} and {@code --verbose} and checks the arguments before
 * it runs.
 */
public interface Command {
  /** Ends the last positional argument's name where it may be given several times. */
  String MORE = "...";

  String name();

  /** One line, lower case, without a full stop. */
  String summary();

  /** Names of the positional arguments, every one of them required. */
  default List<String> arguments() {
    return List.of();
  }

  /**
   * Whether a second call goes on where the first was stopped: such a command asks {@link
   * org.unlearn4j.base.StopRequest}. Any other ends at once when it is asked to stop.
   */
  default boolean resumes() {
    return false;
  }

  /** A fresh set of options, see {@link CommandOptions}. */
  Options options();

  /**
   * Does it. Results go to {@code out}, progress to standard error.
   *
   * @return {@link ExitCode#DONE} or {@link ExitCode#GATE}; everything else is thrown
   * @throws org.unlearn4j.base.UserException if the input is at fault
   * @throws org.unlearn4j.base.MachineException if the machine fails
   */
  int run(CommandLine line, PrintStream out);
}
