package org.unlearn4j.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.commons.cli.Option;

/** Help texts, all from the commands' own declarations. */
final class Help {
  private static final int WIDTH = 100;

  private Help() {}

  static String overview(List<Command> commands) {
    List<String[]> rows = new ArrayList<>();
    commands.forEach(c -> rows.add(new String[] {c.name(), c.summary()}));
    return "Usage: unlearn4j COMMAND [options]\n\n"
        + "Makes a causal language model forget a data set, writes it as ONNX, and judges the file.\n\n"
        + "Commands:\n"
        + table(rows)
        + "\nunlearn4j COMMAND --help shows the options of a command; unlearn4j --version the version.\n"
        + "Exit codes: 0 done, 1 a gate did not hold, 2 the input is at fault, 3 the machine failed,\n"
        + "130 interrupted (Ctrl-C), 143 terminated, 70 a bug.\n";
  }

  static String of(Command command) {
    List<Option> options =
        Frame.optionsOf(command).getOptions().stream()
            .sorted(
                Comparator.comparing((Option o) -> !o.isRequired())
                    .thenComparing(o -> Frame.GLOBAL.contains(o.getLongOpt())))
            .toList();
    List<String[]> rows = new ArrayList<>();
    for (Option o : options) {
      String value = o.hasArg() ? " " + o.getArgName() : "";
      String required = o.isRequired() ? " (required)" : "";
      rows.add(new String[] {"--" + o.getLongOpt() + value, o.getDescription() + required});
    }
    String arguments = command.arguments().stream().map(a -> " " + a).collect(Collectors.joining());
    return "Usage: unlearn4j "
        + command.name()
        + arguments
        + " [options]\n\n"
        + Character.toUpperCase(command.summary().charAt(0))
        + command.summary().substring(1)
        + ".\n\nOptions:\n"
        + table(rows);
  }

  private static String table(List<String[]> rows) {
    int left = rows.stream().mapToInt(r -> r[0].length()).max().orElse(0);
    StringBuilder out = new StringBuilder();
    for (String[] row : rows) {
      String indent = " ".repeat(left + 4);
      out.append("  ").append(row[0]).append(" ".repeat(left - row[0].length() + 2));
      out.append(wrap(row[1], WIDTH - indent.length(), "\n" + indent)).append('\n');
    }
    return out.toString();
  }

  private static String wrap(String text, int width, String separator) {
    StringBuilder out = new StringBuilder();
    int column = 0;
    for (String word : text.split(" ", -1)) {
      if (column > 0 && column + 1 + word.length() > width) {
        out.append(separator);
        column = 0;
      } else if (column > 0) {
        out.append(' ');
        column++;
      }
      out.append(word);
      column += word.length();
    }
    return out.toString();
  }
}
