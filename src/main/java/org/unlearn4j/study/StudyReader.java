package org.unlearn4j.study;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.Nearest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.run.Feasibility;
import org.unlearn4j.study.StudyYaml.Entry;
import org.unlearn4j.weights.Variant;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** Reads a study file, and reports every mistake in it and in the pipelines it makes at once. */
final class StudyReader {
  private static final List<String> KEYS =
      List.of("name", "pipeline", "set", "seeds", "formats", "columns", "addition", "methods");
  private static final List<String> ADDITION_KEYS = List.of("name", "without", "with");
  private static final String NAME = "[A-Za-z0-9_][A-Za-z0-9._-]*";
  private static final String NAME_IN_WORDS = "a name of letters, digits, dot, dash and underscore";
  private static final String SETTINGS =
      "a mapping of dotted keys, for instance {unlearn.epochs: 3}";
  private static final String SEED = "unlearn.seed";

  private final StudyYaml yaml;
  private final Path file;
  private final List<String> sets;

  StudyReader(Path file, List<String> sets) {
    this.yaml = new StudyYaml(file);
    this.file = file;
    this.sets = sets;
  }

  private record Addition(String name, List<Setting> without, List<Setting> with) {}

  private record Method(String name, int line, List<Setting> settings, List<Setting> with) {}

  Study read() {
    Map<String, Entry> top = yaml.read(KEYS);
    String name = text(top, "name").filter(this::isName).orElse("");
    Optional<String> base = text(top, "pipeline");
    List<Setting> shared =
        Optional.ofNullable(top.get("set")).map(e -> settings(e, "set", "")).orElse(List.of());
    sets.stream().filter(s -> s.startsWith(SEED)).forEach(this::seedOnTheCommandLine);
    List<Long> seeds = required(top, "seeds").map(this::seeds).orElse(List.of());
    List<Variant> formats =
        Optional.ofNullable(top.get("formats")).map(this::formats).orElse(List.of());
    List<Column> columns = required(top, "columns").map(this::columns).orElse(List.of());
    Optional<Addition> addition = Optional.ofNullable(top.get("addition")).map(this::addition);
    List<Method> methods = required(top, "methods").map(this::methods).orElse(List.of());
    List<Study.Run> runs = new ArrayList<>();
    if (base.isPresent() && !Files.isRegularFile(Path.of(base.get()))) {
      int line = top.get("pipeline").line();
      yaml.mistake(line, "pipeline", base.get() + ", which does not exist", "a pipeline file");
    } else if (base.isPresent()) {
      runs = runs(Path.of(base.get()), shared, seeds, addition, methods);
    }
    if (!runs.isEmpty() && runs.get(0).pipeline().model().reference().isEmpty()) {
      columns.stream()
          .filter(Column::needsReference)
          .forEach(
              c ->
                  yaml.mistake(
                      top.get("columns").line(),
                      "columns",
                      c.name() + " without a retain-only model",
                      "model.reference in the pipeline, or no such column"));
    }
    if (!top.containsKey("formats") && columns.stream().anyMatch(Column::isRebound)) {
      yaml.mistake(
          top.get("columns").line(),
          "columns",
          Column.REBOUND + " without formats",
          "formats, for instance [int4], or no such column");
    }
    boolean relearns = runs.stream().allMatch(r -> r.pipeline().relearn().isPresent());
    if (!relearns && columns.stream().anyMatch(Column::isRelearning)) {
      yaml.mistake(
          top.get("columns").line(),
          "columns",
          Column.RELEARN_GAIN + " without a relearn block",
          "relearn under set, for instance {relearn: {share: 0.1}}, or no such column");
    }
    yaml.throwIfAny();
    return new Study(name, file, sets, columns, addition.map(Addition::name), formats, seeds, runs);
  }

  private void seedOnTheCommandLine(String set) {
    String sentence = "--set " + set + ": found a seed, expected it under seeds in " + file + ".";
    yaml.mistake(new StudyYaml.Mistake(Integer.MAX_VALUE, sentence));
  }

  private Optional<Entry> required(Map<String, Entry> top, String key) {
    if (!top.containsKey(key)) {
      yaml.mistake(0, key, "no such key", key.equals("seeds") ? "a list of integers" : "it");
    }
    return Optional.ofNullable(top.get(key));
  }

  private Optional<String> text(Map<String, Entry> top, String key) {
    return required(top, key)
        .filter(e -> scalar(e, key, key.equals("name") ? NAME_IN_WORDS : "a pipeline file"))
        .map(e -> ((ScalarNode) e.value()).getValue());
  }

  private boolean scalar(Entry entry, String place, String expected) {
    boolean text = entry.value() instanceof ScalarNode s && !s.getValue().isBlank();
    if (!text) {
      yaml.mistake(entry.line(), place, StudyYaml.describe(entry.value()), expected);
    }
    return text;
  }

  private boolean isName(String name) {
    if (!name.matches(NAME)) {
      yaml.mistake(1, "name", name, NAME_IN_WORDS);
    }
    return true;
  }

  private List<Long> seeds(Entry entry) {
    Set<Long> seeds = new LinkedHashSet<>();
    for (Node node : list(entry, "seeds", "a list of integers")) {
      String text = node instanceof ScalarNode s ? s.getValue() : "";
      if (!text.matches("-?[0-9]{1,18}")) {
        yaml.mistake(StudyYaml.line(node), "seeds", StudyYaml.describe(node), "an integer");
      } else if (!seeds.add(Long.valueOf(text))) {
        yaml.mistake(StudyYaml.line(node), "seeds", text + " a second time", "different seeds");
      }
    }
    return List.copyOf(seeds);
  }

  private List<Variant> formats(Entry entry) {
    Set<Variant> formats = new LinkedHashSet<>();
    for (Node node : list(entry, "formats", "a list of number formats")) {
      String text = node instanceof ScalarNode s ? s.getValue() : "";
      List<String> known = Variant.labels();
      if (!known.contains(text)) {
        yaml.mistake(
            StudyYaml.line(node),
            "formats",
            StudyYaml.describe(node),
            "one of " + String.join(", ", known) + Nearest.hint(text, known));
      } else if (!formats.add(Variant.named(text))) {
        yaml.mistake(StudyYaml.line(node), "formats", text + " a second time", "it once");
      }
    }
    return List.copyOf(formats);
  }

  private List<Column> columns(Entry entry) {
    Set<Column> columns = new LinkedHashSet<>();
    for (Node node : list(entry, "columns", "a list of metrics")) {
      String text = node instanceof ScalarNode s ? s.getValue() : "";
      Optional<Column> column = Column.of(text);
      if (column.isEmpty()) {
        yaml.mistake(
            StudyYaml.line(node),
            "columns",
            StudyYaml.describe(node),
            "a metric of the evaluation, a measure of the features (entanglement, cosine@0), "
                + Column.STEP_SECONDS
                + ", "
                + Column.REBOUND
                + " or "
                + Column.RELEARN_GAIN);
      } else if (!columns.add(column.get())) {
        yaml.mistake(StudyYaml.line(node), "columns", text + " a second time", "it once");
      }
    }
    return List.copyOf(columns);
  }

  private List<Node> list(Entry entry, String place, String expected) {
    if (entry.value() instanceof SequenceNode s && !s.getValue().isEmpty()) {
      return s.getValue();
    }
    yaml.mistake(entry.line(), place, StudyYaml.describe(entry.value()), expected);
    return List.of();
  }

  private Addition addition(Entry entry) {
    Map<String, Entry> parts = yaml.entries(entry, "addition", ADDITION_KEYS);
    for (String key : ADDITION_KEYS) {
      if (!parts.containsKey(key)) {
        yaml.mistake(entry.line(), "addition." + key, "no such key", "it");
      }
    }
    Entry name = parts.get("name");
    boolean named = name != null && scalar(name, "addition.name", NAME_IN_WORDS);
    String text = named ? ((ScalarNode) name.value()).getValue() : "";
    if (named && !text.matches(NAME)) {
      yaml.mistake(name.line(), "addition.name", text, NAME_IN_WORDS);
    }
    return new Addition(text, arm(parts.get("without")), arm(parts.get("with")));
  }

  private List<Setting> arm(Entry entry) {
    return entry == null ? List.of() : settings(entry, "addition." + entry.key(), "unlearn.");
  }

  private List<Method> methods(Entry entry) {
    List<Method> methods = new ArrayList<>();
    for (Entry method : yaml.entries(entry, "methods", List.of()).values()) {
      String place = "methods." + method.key();
      if (!method.key().matches(NAME)) {
        yaml.mistake(method.line(), place, "this name", NAME_IN_WORDS);
      }
      Map<String, Entry> parts = new LinkedHashMap<>(yaml.entries(method, place, List.of()));
      List<Setting> with =
          Optional.ofNullable(parts.remove("with"))
              .map(e -> settings(e, place + ".with", "unlearn."))
              .orElse(List.of());
      methods.add(
          new Method(method.key(), method.line(), settings(parts, place, "unlearn."), with));
    }
    if (methods.isEmpty()) {
      yaml.mistake(entry.line(), "methods", "none", "a mapping from names to settings");
    }
    return methods;
  }

  private List<Setting> settings(Entry entry, String place, String under) {
    if (!(entry.value() instanceof MappingNode)) {
      yaml.mistake(entry.line(), place, StudyYaml.describe(entry.value()), SETTINGS);
      return List.of();
    }
    return settings(yaml.entries(entry, place, List.of()), place, under);
  }

  /**
   * @param under what keys must begin with: runs may differ in how they unlearn and in nothing else
   */
  private List<Setting> settings(Map<String, Entry> entries, String place, String under) {
    List<Setting> settings = new ArrayList<>();
    for (Entry e : entries.values()) {
      if (e.key().equals(SEED)) {
        yaml.mistake(e.line(), place + "." + SEED, "a seed", "it under seeds");
      } else if (!e.key().startsWith(under)) {
        yaml.mistake(
            e.line(),
            place + "." + e.key(),
            "a setting of more than this method",
            "a key under unlearn (what all runs share stands under set)");
      } else {
        settings.add(Setting.of(e, place));
      }
    }
    return settings;
  }

  private List<Study.Run> runs(
      Path base,
      List<Setting> shared,
      List<Long> seeds,
      Optional<Addition> addition,
      List<Method> methods) {
    List<Study.Run> runs = new ArrayList<>();
    for (long seed : seeds.isEmpty() ? List.of(0L) : seeds) {
      for (Method method : methods) {
        List<Study.Run> pair = new ArrayList<>();
        for (boolean added : addition.isPresent() ? List.of(false, true) : List.of(false)) {
          List<Setting> all = new ArrayList<>(shared);
          all.addAll(method.settings);
          addition.ifPresent(a -> all.addAll(added ? a.with : a.without));
          if (added) {
            all.addAll(method.with);
          }
          sets.forEach(s -> all.add(Setting.ofCommandLine(s))); // the last word
          String name = method.name + (added ? "+" + addition.orElseThrow().name : "") + "." + seed;
          pipeline(base, all, seed, method)
              .map(p -> new Study.Run(name, new Study.Row(method.name, added), seed, p))
              .ifPresent(pair::add);
        }
        boolean same = pair.size() == 2 && pair.get(0).pipeline().equals(pair.get(1).pipeline());
        if (same) {
          yaml.mistake(
              method.line,
              "methods." + method.name,
              "the same settings with and without the addition",
              "settings that differ");
        }
        runs.addAll(pair);
      }
    }
    return runs;
  }

  private Optional<Pipeline> pipeline(Path base, List<Setting> settings, long seed, Method method) {
    List<String> assignments = new ArrayList<>(settings.stream().map(Setting::text).toList());
    assignments.addAll(List.of(SEED + "=" + seed, "unlearn.seeds=1"));
    try {
      Pipeline pipeline = Pipeline.read(base, assignments);
      Feasibility.check(pipeline);
      return Optional.of(pipeline);
    } catch (UserException e) {
      e.getMessage()
          .lines()
          .forEach(sentence -> yaml.mistake(Setting.place(sentence, settings, file, method.line)));
      return Optional.empty();
    }
  }
}
