package org.unlearn4j.config;

import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A kind of value: how it is read from YAML, how it is written, and how it is named to a user.
 *
 * @param expected completes "expected ..."
 * @param words the closed choice, for suggestions; empty where any value of the kind will do
 * @param textual whether the value is taken literally on the command line
 */
record ValueType<T>(
    String expected,
    List<String> words,
    boolean textual,
    Function<Node, Optional<T>> reader,
    Function<T, String> writer) {

  private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]{1,18}");
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]{1,4})?");
  private static final Pattern PLAIN_TEXT = Pattern.compile("[A-Za-z_./][A-Za-z0-9_./+-]*");
  private static final Pattern YAML_WORD =
      Pattern.compile("(?i)y|n|yes|no|on|off|true|false|null|[-+.]*(inf|nan)|\\.|\\.\\.");

  Optional<T> read(Node node) {
    return reader.apply(node);
  }

  String write(T value) {
    return writer.apply(value);
  }

  static ValueType<Integer> integer(int least) {
    return integer(least, Integer.MAX_VALUE);
  }

  static ValueType<Integer> integer(int least, int most) {
    String range =
        most == Integer.MAX_VALUE ? "of at least " + least : "from " + least + " to " + most;
    return new ValueType<>(
        least == most ? String.valueOf(least) : "an integer " + range,
        List.of(),
        false,
        node -> integral(node).filter(v -> v >= least && v <= most).map(Long::intValue),
        String::valueOf);
  }

  static ValueType<Long> anyInteger() {
    return new ValueType<>("an integer", List.of(), false, ValueType::integral, String::valueOf);
  }

  static ValueType<Double> number() {
    return number("a number", v -> true);
  }

  static ValueType<Double> positive() {
    return number("a number greater than 0", v -> v > 0);
  }

  static ValueType<Double> nonNegative() {
    return number("a number of at least 0", v -> v >= 0);
  }

  /** [0, 1]. */
  static ValueType<Double> share() {
    return number("a number from 0 to 1", v -> v >= 0 && v <= 1);
  }

  /** Greater than 0, up to 1. */
  static ValueType<Double> positiveShare() {
    return number("a number greater than 0, at most 1", v -> v > 0 && v <= 1);
  }

  /** From -1 to 1. */
  static ValueType<Double> cosine() {
    return number("a number from -1 to 1", v -> v >= -1 && v <= 1);
  }

  /** [0, 1): the probability of leaving something out. */
  static ValueType<Double> dropProbability() {
    return number("a number from 0 to less than 1", v -> v >= 0 && v < 1);
  }

  private static ValueType<Double> number(String expected, Predicate<Double> range) {
    return new ValueType<>(
        expected,
        List.of(),
        false,
        node ->
            plain(node)
                .filter(s -> NUMBER.matcher(s).matches())
                .map(Double::valueOf)
                .filter(v -> Double.isFinite(v) && range.test(v)),
        ValueType::decimal);
  }

  static ValueType<Boolean> flag() {
    return new ValueType<>(
        "true or false",
        List.of("true", "false"),
        false,
        node ->
            plain(node).filter(s -> s.equals("true") || s.equals("false")).map(Boolean::valueOf),
        String::valueOf);
  }

  static ValueType<String> text(String expected) {
    return text(expected, s -> !s.isBlank());
  }

  static ValueType<String> text(String expected, Predicate<String> valid) {
    return new ValueType<>(
        expected, List.of(), true, node -> scalar(node).filter(valid), ValueType::quoteIfNeeded);
  }

  static ValueType<String> regex() {
    return text(
        "a regular expression",
        s -> {
          try {
            return !s.isEmpty() && Pattern.compile(s) != null;
          } catch (PatternSyntaxException e) {
            return false;
          }
        });
  }

  static ValueType<Path> path(String expected) {
    return new ValueType<>(
        expected,
        List.of(),
        true,
        node -> scalar(node).filter(s -> !s.isBlank()).flatMap(ValueType::toPath),
        p -> quoteIfNeeded(p.toString()));
  }

  static ValueType<LocalDate> date() {
    return new ValueType<>(
        "a date such as 2024-07-26",
        List.of(),
        true,
        node ->
            scalar(node)
                .flatMap(
                    s -> {
                      try {
                        return Optional.of(LocalDate.parse(s));
                      } catch (DateTimeParseException e) {
                        return Optional.empty();
                      }
                    }),
        d -> quoteIfNeeded(d.toString()));
  }

  static <E extends Enum<E> & Spelled> ValueType<E> choice(Class<E> type) {
    return choice(List.of(type.getEnumConstants()), Spelled::spelling);
  }

  /** One of several things, each spelled in its own way. */
  static <E> ValueType<E> choice(List<E> all, Function<E, String> spelling) {
    List<String> words = all.stream().map(spelling).toList();
    return new ValueType<>(
        "one of " + String.join(", ", words),
        words,
        false,
        node ->
            scalar(node)
                .flatMap(s -> all.stream().filter(e -> spelling.apply(e).equals(s)).findFirst()),
        spelling);
  }

  static ValueType<Layer> layer() {
    return new ValueType<>(
        "embeddings, last or a block number from 0",
        List.of("embeddings", "last"),
        false,
        node -> plain(node).flatMap(Layer::parse),
        Layer::spelling);
  }

  /** The number of at least 0 that a text spells, if it spells one. */
  static OptionalDouble number(String spelling) {
    return spelling.matches("[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?")
        ? OptionalDouble.of(Double.parseDouble(spelling))
        : OptionalDouble.empty();
  }

  static ValueType<Floor> floor() {
    return new ValueType<>(
        "none, reference, strangers or a number greater than 0",
        List.of("none", "reference", "strangers"),
        false,
        node -> plain(node).flatMap(Floor::parse),
        Floor::spelling);
  }

  static ValueType<RouterWeight> routerWeight() {
    return new ValueType<>(
        "config or a number of at least 0",
        List.of("config"),
        false,
        node -> plain(node).flatMap(RouterWeight::parse),
        RouterWeight::spelling);
  }

  static ValueType<Goal> goal() {
    return new ValueType<>(
        "reference, strangers, perturbed or a number from 0 to 1",
        List.of("reference", "strangers", "perturbed"),
        false,
        node -> plain(node).flatMap(Goal::parse),
        Goal::spelling);
  }

  /** One or more different elements; a single scalar stands for a list of one. */
  static <E> ValueType<List<E>> listOf(ValueType<E> element, String plural) {
    return new ValueType<>(
        "a list of different " + plural + " (" + element.expected() + ")",
        element.words(),
        false,
        node -> elements(element, node),
        list -> list.stream().map(element::write).collect(Collectors.joining(", ", "[", "]")));
  }

  private static <E> Optional<List<E>> elements(ValueType<E> element, Node node) {
    List<Node> nodes = node instanceof SequenceNode s ? s.getValue() : List.of(node);
    List<E> values = new ArrayList<>();
    for (Node n : nodes) {
      element.read(n).ifPresent(values::add);
    }
    boolean whole = values.size() == nodes.size() && !values.isEmpty();
    boolean different = new LinkedHashSet<>(values).size() == values.size();
    return whole && different ? Optional.of(List.copyOf(values)) : Optional.empty();
  }

  /** The value as a user wrote it, shortened, for "found ...". */
  static String describe(Node node) {
    if (node instanceof ScalarNode s) {
      if (isNull(s)) {
        return "nothing";
      }
      String value =
          s.getValue().length() > 60 ? s.getValue().substring(0, 57) + "..." : s.getValue();
      return s.getScalarStyle() == ScalarStyle.PLAIN ? value : "the text \"" + value + "\"";
    }
    if (node instanceof SequenceNode s) {
      return s.getValue().stream()
          .limit(5)
          .map(ValueType::describe)
          .collect(
              Collectors.joining(", ", "the list [", s.getValue().size() > 5 ? ", ...]" : "]"));
    }
    return "a mapping";
  }

  /** A scalar's text, quoted or not; empty for null, lists and mappings. */
  private static Optional<String> scalar(Node node) {
    return node instanceof ScalarNode s && !isNull(s)
        ? Optional.of(s.getValue())
        : Optional.empty();
  }

  /** An unquoted scalar's text: what may be a number, a flag or a word. */
  private static Optional<String> plain(Node node) {
    return node instanceof ScalarNode s && s.getScalarStyle() == ScalarStyle.PLAIN
        ? scalar(node)
        : Optional.empty();
  }

  private static boolean isNull(ScalarNode node) {
    return node.getScalarStyle() == ScalarStyle.PLAIN && Tag.NULL.equals(node.getTag());
  }

  private static Optional<Long> integral(Node node) {
    return plain(node).filter(s -> INTEGER.matcher(s).matches()).map(Long::valueOf);
  }

  private static Optional<Path> toPath(String s) {
    try {
      return Optional.of(Path.of(s));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  /**
   * The shortest digits that read back as the same double, in a form that YAML 1.1 readers take for
   * a number too (a point in the mantissa, a sign in the exponent).
   */
  static String decimal(double value) {
    double size = Math.abs(value);
    if (value == 0 || (size >= 1e-3 && size < 1e7)) {
      return new BigDecimal(Double.toString(value)).toPlainString();
    }
    String s = Double.toString(value).toLowerCase(Locale.ROOT);
    return s.contains("e-") ? s : s.replace("e", "e+");
  }

  private static String quoteIfNeeded(String s) {
    if (PLAIN_TEXT.matcher(s).matches() && !YAML_WORD.matcher(s).matches()) {
      return s;
    }
    StringBuilder out = new StringBuilder("\"");
    s.codePoints().forEach(c -> out.append(escape(c)));
    return out.append('"').toString();
  }

  private static String escape(int c) {
    if (c == '"' || c == '\\') {
      return "\\" + (char) c;
    }
    boolean printable = c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c < 0xfffe;
    return printable && c != 0x2028 && c != 0x2029 && c != 0xfeff
        ? Character.toString(c)
        : String.format(Locale.ROOT, "\\U%08x", c);
  }
}
