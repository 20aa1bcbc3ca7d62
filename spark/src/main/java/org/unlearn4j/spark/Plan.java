package org.unlearn4j.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What is to be run.
 *
 * @param units parts that the command is cut into
 * @param home the product's folder on every machine, or, relative, in every executor's folder,
 *     where {@code spark-submit --archives} puts it
 * @param project the folder that paths of the command start from: of all machines, or of a Hadoop
 *     file system
 * @param command {@code evaluate}, {@code study} or {@code sweep}, and its options
 */
public record Plan(int units, String home, String project, List<String> command)
    implements Serializable {
  static final String USAGE =
      "expected --units N [--home DIR] [--project DIR|URI] evaluate|study|sweep OPTIONS";

  public Plan {
    command = List.copyOf(command);
  }

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException a sentence, if it is none
   */
  public static Plan parse(String... args) {
    int units = 0;
    Optional<String> home = Optional.ofNullable(System.getenv("UNLEARN4J_HOME"));
    String project = Path.of("").toAbsolutePath().toString();
    int i = 0;
    for (; i + 1 < args.length && args[i].startsWith("--"); i += 2) {
      String value = args[i + 1];
      switch (args[i]) {
        case "--units" -> units = value.matches("[1-9][0-9]{0,5}") ? Integer.parseInt(value) : 0;
        case "--home" -> home = Optional.of(value);
        case "--project" -> project = value;
        default -> throw mistake("found the unknown option " + args[i]);
      }
    }
    List<String> command = Arrays.asList(args).subList(i, args.length);
    if (units == 0) {
      throw mistake("found no number of units");
    }
    if (home.isEmpty()) {
      throw mistake("found neither --home nor UNLEARN4J_HOME");
    }
    if (command.isEmpty() || !List.of("evaluate", "study", "sweep").contains(command.get(0))) {
      throw mistake("found " + (command.isEmpty() ? "no command" : command.get(0)));
    }
    if (command.get(0).equals("sweep") && project.matches("(?!file:)[a-z0-9]+:.*")) {
      throw mistake("found a sweep of " + project + ", whose parts must see each other's runs");
    }
    for (String own : List.of("--shard", "--merge", "--plan")) {
      if (command.contains(own)) {
        throw mistake("found " + own + ", which is Spark's to give");
      }
    }
    return new Plan(units, home.get(), project, command);
  }

  private static IllegalArgumentException mistake(String found) {
    return new IllegalArgumentException("unlearn4j on Spark: " + found + ", " + USAGE + ".");
  }

  /** The name of a unit, from 0, as the product counts parts. */
  String name(int unit) {
    return "part " + (unit + 1) + "/" + units;
  }

  /** The command of a unit, from 0. */
  List<String> unit(int unit) {
    return with("--shard", (unit + 1) + "/" + units);
  }

  /** The command that puts the parts together. */
  List<String> whole() {
    return command.get(0).equals("evaluate") ? with("--merge", String.valueOf(units)) : command;
  }

  private List<String> with(String... more) {
    List<String> all = new ArrayList<>(command);
    all.addAll(Arrays.asList(more));
    return all;
  }
}
