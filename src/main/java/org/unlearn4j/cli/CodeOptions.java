package org.unlearn4j.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.unlearn4j.base.UserException;
import org.unlearn4j.weights.CodeFormat;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/** The options that say how files in codes have them, as {@code export.int4} and its like do. */
final class CodeOptions {
  private static final String INT4 = "int4";
  private static final String INT8 = "int8";

  private CodeOptions() {}

  static Option int4() {
    return CommandOptions.value(
        INT4, "KEY=VALUE,...", "codes of int4 and q4f16, as export.int4 has them");
  }

  static Option int8() {
    return CommandOptions.value(INT8, "KEY=VALUE,...", "codes of int8, as export.int8 has them");
  }

  /**
   * What they ask for.
   *
   * @param variants that are written
   * @throws UserException if an option is at fault, or is of none of the variants
   */
  static GraphChoices of(CommandLine line, List<Variant> variants) {
    return GraphChoices.of(
        format(line, INT4, CodeFormat.INT4, variants),
        format(line, INT8, CodeFormat.INT8, variants));
  }

  private static CodeFormat format(
      CommandLine line, String name, CodeFormat usual, List<Variant> variants) {
    if (!line.hasOption(name)) {
      return usual;
    }
    List<Variant> its = GraphChoices.variants(usual.bits());
    if (variants.stream().noneMatch(its::contains)) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "--%s: found no variant that has such codes (%s), expected %s among them.",
              name,
              labels(variants, ", "),
              labels(its, " or ")));
    }
    return usual.with(CommandOptions.text(line, name).orElse(""), "--" + name);
  }

  private static String labels(List<Variant> variants, String between) {
    return variants.stream().map(Variant::label).collect(Collectors.joining(between));
  }

  /** Variants by name, separated by commas. */
  static List<Variant> variants(String names) {
    return Arrays.stream(names.split(",", -1)).map(Variant::named).toList();
  }
}
