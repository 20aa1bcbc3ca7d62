package org.unlearn4j.adapter;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;

/** How PEFT names modules, and which names it takes for which modules. */
final class PeftNames {
  /** What stands before the name of every module in an adapter's file. */
  static final String PREFIX = "base_model.model.";

  static final String DOWN = ".lora_A.weight";
  static final String UP = ".lora_B.weight";

  private static final Pattern ANY_LAYER = Pattern.compile(".*?\\.[^.]*\\.(?<layer>\\d+)\\..*");

  private PeftNames() {}

  /** The name of a parameter of an adapted module: {@code MODULE.base_layer.bias}. */
  static String ofBase(String parameter) {
    int dot = parameter.lastIndexOf('.');
    return parameter.substring(0, dot) + ".base_layer" + parameter.substring(dot);
  }

  /** Names of modules that a setting stands for: a regular expression, or names and endings. */
  static Predicate<String> matching(JsonInput setting) {
    if (setting.node().isTextual()) {
      String text = setting.text();
      regex(text, () -> setting.mistake("a regular expression or a list of names"));
      Pattern pattern = Pattern.compile(text);
      return name -> pattern.matcher(name).matches();
    }
    List<String> names = setting.elements().stream().map(JsonInput::text).toList();
    return name -> names.stream().anyMatch(n -> ends(name, n));
  }

  private static boolean ends(String module, String name) {
    return module.equals(name) || module.endsWith("." + name);
  }

  /** A regular expression that is one. */
  static String regex(String text, Supplier<UserException> mistake) {
    try {
      Pattern.compile(text);
      return text;
    } catch (PatternSyntaxException e) {
      UserException shown = mistake.get();
      shown.initCause(e);
      throw shown;
    }
  }

  /** Names of modules within some blocks. */
  static Predicate<String> within(JsonInput layers, JsonInput pattern) {
    Set<Integer> wanted = new HashSet<>();
    if (layers.node().isArray()) {
      layers.elements().forEach(l -> wanted.add(l.integer()));
    } else {
      wanted.add(layers.integer());
    }
    List<Pattern> lists = new ArrayList<>();
    if (pattern.node().isTextual() && !pattern.text().isEmpty()) {
      lists.add(layer(pattern, pattern.text()));
    } else if (pattern.present() && !pattern.node().isTextual()) {
      pattern.elements().forEach(p -> lists.add(layer(p, p.text())));
    }
    if (lists.isEmpty()) {
      lists.add(ANY_LAYER);
    }
    return name ->
        lists.stream()
            .map(p -> p.matcher(name))
            .filter(Matcher::matches)
            .findFirst()
            .map(m -> m.group("layer"))
            .filter(l -> l.length() < 9 && wanted.contains(Integer.parseInt(l)))
            .isPresent();
  }

  private static Pattern layer(JsonInput place, String list) {
    String all = ".*?\\.(" + list + ")\\.(?<layer>\\d+)\\..*";
    return Pattern.compile(regex(all, () -> place.mistake("a name that is a regular expression")));
  }

  /** The value of the first pattern that a module's name ends with. */
  static <T> Optional<T> first(Map<String, T> patterns, String module) {
    return patterns.entrySet().stream()
        .filter(e -> Pattern.compile("(.*\\.)?(" + e.getKey() + ")").matcher(module).matches())
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /**
   * The shortest names that stand for an adapter's modules and for no others: last parts, the last
   * two, or else whole names.
   */
  static List<String> targets(Adapter adapter, Decoder decoder) {
    Set<String> wanted =
        adapter.targets().stream().map(t -> t.linear().module()).collect(Collectors.toSet());
    List<String> others =
        decoder.parameters().stream()
            .map(p -> p.name().substring(0, Math.max(0, p.name().lastIndexOf('.'))))
            .filter(m -> !wanted.contains(m))
            .distinct()
            .toList();
    for (int parts = 1; parts <= 2; parts++) {
      int last = parts;
      List<String> names = wanted.stream().map(m -> tail(m, last)).distinct().sorted().toList();
      if (names.stream().noneMatch(n -> others.stream().anyMatch(o -> ends(o, n)))) {
        return names;
      }
    }
    return wanted.stream().sorted().toList();
  }

  private static String tail(String module, int parts) {
    int at = module.length();
    for (int i = 0; i < parts && at > 0; i++) {
      at = module.lastIndexOf('.', at - 1);
    }
    return module.substring(at + 1);
  }

  /**
   * How a checkpoint calls a text model's modules: by their own names, or as parts of a multimodal
   * model.
   *
   * @param found names of modules in an adapter's file
   */
  static UnaryOperator<String> spelling(Decoder decoder, Set<String> found) {
    Set<String> modules =
        decoder.parameters().stream()
            .map(Parameter::name)
            .map(n -> n.substring(0, Math.max(0, n.lastIndexOf('.'))))
            .collect(Collectors.toSet());
    return Stream.<UnaryOperator<String>>of(
            m -> m,
            m -> m.startsWith("model.") ? "model.language_model." + m.substring(6) : m,
            m -> "language_model." + m)
        .filter(s -> modules.stream().map(s).anyMatch(found::contains))
        .findFirst()
        .orElse(m -> m);
  }
}
