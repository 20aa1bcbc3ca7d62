package org.unlearn4j.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Nearest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Mistakes.Place;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Reads a pipeline file and overrides against the {@link Schema}, and reports every mistake at
 * once.
 */
final class PipelineReader {
  private record Entry(Node node, Place place) {}

  private final Mistakes mistakes = new Mistakes();
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, Place> sections = new HashMap<>();
  private Place whole = new Place("--set", Integer.MAX_VALUE);
  private int overrides;

  /**
   * What settings are made from: the text of a file, where there is one, and overrides on top.
   *
   * @param file where the text was read from
   */
  record Source(Optional<Path> file, String text, List<String> sets) {
    Source {
      sets = List.copyOf(sets);
    }

    /** Overrides alone. */
    static Source of(List<String> sets) {
      return new Source(Optional.empty(), "", sets);
    }

    /** A file, read now, with overrides. */
    static Source of(Path file, List<String> sets) {
      return new Source(Optional.of(file), PipelineReader.text(file), sets);
    }

    Source with(List<String> more) {
      return new Source(file, text, Stream.concat(sets.stream(), more.stream()).toList());
    }
  }

  /** The settings that a source makes. */
  static Settings read(Source source, boolean checkFiles) {
    PipelineReader reader = new PipelineReader();
    source.file.ifPresent(f -> reader.file(f, source.text));
    source.sets.forEach(reader::override);
    return reader.resolve(checkFiles);
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (CharacterCodingException e) {
      throw UserException.at(file, "", "bytes that are not UTF-8", "a pipeline file");
    } catch (IOException e) {
      if (Files.isRegularFile(file)) {
        throw new MachineException(file + ": could not be read (" + e.getMessage() + ").", e);
      }
      throw UserException.at(
          file, "", Files.exists(file) ? "a folder" : "no such file", "a pipeline file");
    }
  }

  private void file(Path file, String text) {
    whole = new Place(file.toString(), 0);
    Function<Node, Place> places =
        n -> {
          int line = n.getStartMark().getLine() + 1;
          return new Place(file + ", line " + line, line);
        };
    Node root;
    try {
      root = YamlNodes.compose(text);
    } catch (MarkedYAMLException e) {
      int line = e.getProblemMark() == null ? 0 : e.getProblemMark().getLine() + 1;
      throw UserException.at(
          file, "line " + line, "broken YAML (" + e.getProblem() + ")", "a pipeline file");
    } catch (YAMLException e) {
      throw UserException.at(file, "", "broken YAML (" + firstLine(e) + ")", "a pipeline file");
    }
    if (root instanceof MappingNode mapping) {
      walk("", mapping, places);
    } else if (root != null) {
      mistakes.add(places.apply(root), "", ValueType.describe(root), "a mapping");
      mistakes.throwIfAny();
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private void walk(String section, MappingNode mapping, Function<Node, Place> places) {
    Set<String> seen = new HashSet<>();
    for (NodeTuple tuple : mapping.getValue()) {
      Place place = places.apply(tuple.getKeyNode());
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        mistakes.add(
            place, section, ValueType.describe(tuple.getKeyNode()) + " as a key", "a word");
        continue;
      }
      String path = section.isEmpty() ? key.getValue() : section + "." + key.getValue();
      if (!seen.add(path)) {
        mistakes.add(place, path, "the key a second time", "it once");
        continue;
      }
      accept(path, tuple.getValueNode(), place, places);
    }
  }

  /** Notes the value at {@code path}, or walks on into the block there. */
  private void accept(String path, Node value, Place place, Function<Node, Place> places) {
    if (Schema.key(path).isPresent()) {
      entries.put(path, new Entry(value, place));
    } else if (Schema.section(path).isEmpty()) {
      unknown(path, place);
    } else if (value instanceof MappingNode mapping) {
      sections.put(path, place);
      walk(path, mapping, places);
    } else {
      mistakes.add(
          place,
          path,
          ValueType.describe(value),
          "a mapping with " + String.join(", ", Schema.namesIn(path)));
    }
  }

  private void unknown(String path, Place place) {
    int dot = path.lastIndexOf('.');
    String section = dot < 0 ? "" : path.substring(0, dot);
    String name = path.substring(dot + 1);
    if (Schema.section(section).isEmpty() && !section.isEmpty()) {
      section = "";
    }
    List<String> names = Schema.namesIn(section);
    String hint = Nearest.hint(name, names);
    if (hint.isEmpty()) {
      hint =
          Schema.KEYS.stream()
              .filter(k -> k.name().equals(name))
              .findFirst()
              .map(k -> " (did you mean " + k.path() + "?)")
              .orElse("");
    }
    mistakes.add(place, path, "an unknown key", "one of " + String.join(", ", names) + hint);
  }

  private void override(String set) {
    Place place = new Place("--set " + set, Integer.MAX_VALUE / 2 + overrides++);
    int equals = set.indexOf('=');
    if (equals < 1) {
      mistakes.add(place, "", "no key=value", "for instance unlearn.epochs=3");
      return;
    }
    String path = set.substring(0, equals).strip();
    Optional<Node> value = overrideValue(path, set.substring(equals + 1).strip(), place);
    if (value.isEmpty()) {
      return;
    }
    if (Schema.section(path).isPresent()) {
      entries.keySet().removeIf(p -> p.startsWith(path + "."));
    }
    for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
      sections.putIfAbsent(path.substring(0, dot), place);
    }
    accept(path, value.get(), place, n -> place);
  }

  /** Text, paths and patterns are taken literally, everything else is YAML. */
  private Optional<Node> overrideValue(String path, String value, Place place) {
    boolean literal = Schema.key(path).map(k -> k.type().textual()).orElse(false);
    try {
      Node node = literal && !value.isEmpty() ? null : YamlNodes.compose(value);
      if (node == null) {
        Tag tag = value.isEmpty() ? Tag.NULL : Tag.STR;
        node = new ScalarNode(tag, value, null, null, ScalarStyle.PLAIN);
      }
      return Optional.of(node);
    } catch (YAMLException e) {
      mistakes.add(place, "", "broken YAML in the value", "a value");
      return Optional.empty();
    }
  }

  private Settings resolve(boolean checkFiles) {
    Set<String> present = new HashSet<>(sections.keySet());
    Schema.SECTIONS.stream().filter(s -> !s.optional()).forEach(s -> present.add(s.path()));
    Settings settings = new Settings(present);
    Optional<ObjectiveName> objective =
        Optional.ofNullable(entries.get(Schema.OBJECTIVE.path()))
            .flatMap(e -> Schema.OBJECTIVE.type().read(e.node()));
    for (Key<?> key : Schema.KEYS) {
      if (key.section().isEmpty() || present.contains(key.section())) {
        resolve(key, objective, settings);
      }
    }
    new Rules(settings, mistakes, this::place).check(checkFiles);
    mistakes.throwIfAny();
    return settings;
  }

  private <T> void resolve(Key<T> key, Optional<ObjectiveName> objective, Settings settings) {
    Optional<Fallback<T>> fallback =
        objective.isPresent() ? key.fallback().under(objective.get()) : Optional.of(key.fallback());
    Entry entry = entries.get(key.path());
    if (entry != null && fallback.isEmpty()) {
      String name = objective.map(ObjectiveName::spelling).orElse("");
      String own = String.join(", ", ObjectiveKeys.namesOf(objective.orElseThrow()));
      mistakes.add(
          entry.place(),
          key.path(),
          "a setting that " + name + " does not have",
          "one of name, " + own);
    } else if (entry != null) {
      key.type()
          .read(entry.node())
          .ifPresentOrElse(v -> settings.put(key, v), () -> mismatch(key, entry));
    } else if (fallback.isPresent()) {
      fall(key, fallback.get(), settings);
    }
  }

  private void mismatch(Key<?> key, Entry entry) {
    String hint =
        entry.node() instanceof ScalarNode s ? Nearest.hint(s.getValue(), key.type().words()) : "";
    mistakes.add(
        entry.place(), key.path(), ValueType.describe(entry.node()), key.type().expected() + hint);
  }

  private <T> void fall(Key<T> key, Fallback<T> fallback, Settings settings) {
    if (fallback instanceof Fallback.Constant<T> c) {
      settings.put(key, c.value());
    } else if (fallback instanceof Fallback.Derived<T> d && d.rule().apply(settings).isPresent()) {
      settings.put(key, d.rule().apply(settings).get());
    } else if (fallback instanceof Fallback.Required<T>
        || fallback instanceof Fallback.Derived<T>) {
      mistakes.add(place(key), key.path(), "no such key", key.type().expected());
    }
  }

  /** Where a key stands, or the nearest block around it that is there. */
  private Place place(Key<?> key) {
    Entry entry = entries.get(key.path());
    if (entry != null) {
      return entry.place();
    }
    String section = key.section();
    while (!section.isEmpty()) {
      if (sections.containsKey(section)) {
        return sections.get(section);
      }
      section = section.contains(".") ? section.substring(0, section.lastIndexOf('.')) : "";
    }
    return whole;
  }
}
