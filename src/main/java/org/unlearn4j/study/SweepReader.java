package org.unlearn4j.study;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.run.Feasibility;
import org.unlearn4j.run.Overlap;
import org.unlearn4j.study.StudyYaml.Entry;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** Reads a sweep file, and reports every mistake in it at once. */
final class SweepReader {
  private static final List<String> KEYS =
      List.of(
          "name",
          "pipeline",
          "set",
          "tune",
          "space",
          "points",
          "rungs",
          "seeds",
          "budget",
          "goals",
          "constraints");

  /** What all runs of a search are measured by: one ruler for all, or nothing is compared. */
  private static final String RULER =
      "unlearn[.](seeds?|tuning_share|watch|watch_rows|choose([.].*)?)";

  private static final String INTEGER = "-?[0-9]{1,9}";
  private static final String NUMBER = "-?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]{1,3})?";
  private static final int MOST_DIMENSIONS = 100;

  private final StudyYaml yaml;
  private final Path file;
  private final List<String> sets;

  SweepReader(Path file, List<String> sets) {
    this.yaml = new StudyYaml(file);
    this.file = file;
    this.sets = sets;
  }

  Sweep read() {
    Map<String, Entry> top = yaml.read(KEYS);
    for (String key : List.of("name", "pipeline", "tune", "space", "points", "seeds", "goals")) {
      if (!top.containsKey(key)) {
        yaml.mistake(0, key, "no such key", "it");
      }
    }
    String name = text(top, "name", "[A-Za-z0-9_][A-Za-z0-9._-]*", "a name").orElse("");
    Optional<String> base = text(top, "pipeline", ".+", "a pipeline file");
    List<String> shared = new ArrayList<>(settings(top, "set", ""));
    shared.addAll(sets);
    List<String> tune = settings(top, "tune", "");
    Space space = new Space(dimensions(top));
    int points =
        text(top, "points", "[1-9][0-9]{0,4}", "an integer from 1").map(Integer::valueOf).orElse(1);
    List<Double> rungs =
        top.containsKey("rungs")
            ? list(top, "rungs", NUMBER, "shares of the epochs, rising to 1", Double::valueOf)
            : List.of(1.0);
    checkRungs(top, rungs);
    List<Long> seeds = list(top, "seeds", INTEGER, "a list of integers", Long::valueOf);
    List<Column> goals = list(top, "goals", ".+", "one metric, or those of a front", Column::new);
    goals.forEach(c -> metric(top.get("goals").line(), "goals", c, true));
    Sweep sweep =
        new Sweep(
            name,
            file,
            Path.of(base.orElse("")),
            shared,
            tune,
            space,
            points,
            rungs,
            seeds,
            budget(top),
            goals,
            constraints(top));
    if (base.isPresent() && !Files.isRegularFile(sweep.base())) {
      yaml.mistake(
          top.get("pipeline").line(),
          "pipeline",
          base.get() + ", which does not exist",
          "a pipeline file");
    }
    yaml.throwIfAny();
    pipelines(sweep, top);
    yaml.throwIfAny();
    return sweep;
  }

  /** What each point makes of the pipeline, and whether whom it forgets is somebody else. */
  private void pipelines(Sweep sweep, Map<String, Entry> top) {
    int line = top.get("space").line();
    try {
      for (Space.Point point : sweep.space().points(sweep.points())) {
        Feasibility.check(sweep.tried(point, sweep.rungs().get(0), sweep.seeds().get(0)));
      }
      Pipeline tried = sweep.tried(sweep.first().orElseThrow(), 1, sweep.seeds().get(0));
      Pipeline found = sweep.found(sweep.first().orElseThrow());
      int both = Overlap.ofForgotten(tried, found);
      if (both > 0) {
        yaml.mistake(
            top.get("tune").line(),
            "tune",
            both + " questions of data.forget that the pipeline forgets, too",
            "other people, since settings are not chosen on what is reported");
      }
      boolean same = tried.model().reference().equals(found.model().reference());
      if (same && found.model().reference().isPresent()) {
        yaml.mistake(
            top.get("tune").line(),
            "tune",
            "the pipeline's model.reference, which knows whom the search forgets",
            "their own retain-only model");
      }
      if (tried.model().reference().isEmpty()) {
        sweep.goals().stream()
            .filter(c -> c.needsReference() || SweepChoice.nearReference(c))
            .forEach(
                c ->
                    yaml.mistake(
                        top.get("goals").line(),
                        "goals",
                        c.name() + " without a retain-only model",
                        "model.reference under tune, or another metric"));
      }
    } catch (UserException e) {
      e.getMessage()
          .lines()
          .forEach(
              s ->
                  yaml.mistake(
                      new StudyYaml.Mistake(line, file + ", line " + line + ", space: " + s)));
    }
  }

  private void checkRungs(Map<String, Entry> top, List<Double> rungs) {
    boolean good = !rungs.isEmpty() && rungs.get(0) > 0 && rungs.get(rungs.size() - 1) == 1;
    for (int i = 1; i < rungs.size(); i++) {
      good &= rungs.get(i) > rungs.get(i - 1);
    }
    if (!good && top.containsKey("rungs")) {
      yaml.mistake(
          top.get("rungs").line(), "rungs", rungs.toString(), "shares of the epochs, rising to 1");
    }
  }

  private Optional<String> text(
      Map<String, Entry> top, String key, String pattern, String expected) {
    return Optional.ofNullable(top.get(key))
        .flatMap(e -> scalar(e.value(), key, pattern, expected));
  }

  private Optional<String> scalar(Node node, String place, String pattern, String expected) {
    if (node instanceof ScalarNode s && s.getValue().matches(pattern)) {
      return Optional.of(s.getValue());
    }
    yaml.mistake(StudyYaml.line(node), place, StudyYaml.describe(node), expected);
    return Optional.empty();
  }

  private <T> List<T> list(
      Map<String, Entry> top,
      String key,
      String pattern,
      String expected,
      Function<String, T> value) {
    Entry entry = top.get(key);
    if (entry == null) {
      return List.of();
    }
    if (!(entry.value() instanceof SequenceNode s) || s.getValue().isEmpty()) {
      yaml.mistake(entry.line(), key, StudyYaml.describe(entry.value()), expected);
      return List.of();
    }
    List<T> values = new ArrayList<>();
    for (Node node : s.getValue()) {
      scalar(node, key, pattern, expected).map(value).ifPresent(values::add);
    }
    return values;
  }

  private List<String> settings(Map<String, Entry> top, String key, String under) {
    if (!top.containsKey(key)) {
      return List.of();
    }
    List<String> texts = new ArrayList<>();
    for (Entry e : yaml.entries(top.get(key), key, List.of()).values()) {
      if (!e.key().startsWith(under) || e.key().equals("unlearn.seed")) {
        yaml.mistake(e.line(), key + "." + e.key(), "this key", "seeds under seeds");
      } else {
        texts.add(Setting.of(e, key).text());
      }
    }
    return texts;
  }

  private List<Space.Dimension> dimensions(Map<String, Entry> top) {
    List<Space.Dimension> dimensions = new ArrayList<>();
    if (!top.containsKey("space")) {
      return dimensions;
    }
    for (Entry e : yaml.entries(top.get("space"), "space", List.of()).values()) {
      String place = "space." + e.key();
      if (!e.key().startsWith("unlearn.") || e.key().matches(RULER)) {
        yaml.mistake(
            e.line(),
            place,
            "this key",
            "one under unlearn but what measures the runs (seeds, tuning_share, watch, choose)");
        continue;
      }
      Map<String, Entry> kind = yaml.entries(e, place, List.of("choices", "range", "log"));
      if (kind.size() == 1) {
        dimension(kind.values().iterator().next(), e.key(), place).ifPresent(dimensions::add);
      } else if (e.value() instanceof MappingNode) {
        yaml.mistake(e.line(), place, kind.size() + " kinds", "one of choices, range, log");
      }
    }
    if (dimensions.isEmpty() || dimensions.size() > MOST_DIMENSIONS) {
      yaml.mistake(
          top.get("space").line(),
          "space",
          dimensions.size() + " dimensions",
          "from 1 to " + MOST_DIMENSIONS);
    }
    return dimensions;
  }

  private Optional<Space.Dimension> dimension(Entry kind, String key, String place) {
    if (!(kind.value() instanceof SequenceNode s) || s.getValue().isEmpty()) {
      yaml.mistake(kind.line(), place, StudyYaml.describe(kind.value()), "a list");
      return Optional.empty();
    }
    List<Node> nodes = s.getValue();
    if (kind.key().equals("choices")) {
      return Optional.of(new Space.Choices(key, nodes.stream().map(StudyYaml::flow).toList()));
    }
    List<String> ends =
        nodes.stream()
            .flatMap(n -> scalar(n, place, NUMBER, "two numbers, the smaller one first").stream())
            .toList();
    boolean logarithmic = kind.key().equals("log");
    double low = ends.isEmpty() ? 0 : Double.parseDouble(ends.get(0));
    double high = ends.size() < 2 ? 0 : Double.parseDouble(ends.get(1));
    if (ends.size() != 2 || nodes.size() != 2 || low >= high || (logarithmic && low <= 0)) {
      yaml.mistake(
          kind.line(),
          place,
          StudyYaml.flow(kind.value()),
          "two numbers, the smaller one first" + (logarithmic ? ", both greater than 0" : ""));
      return Optional.empty();
    }
    boolean whole = ends.stream().allMatch(e -> e.matches(INTEGER));
    return Optional.of(new Space.Range(key, low, high, logarithmic, whole));
  }

  private Sweep.Budget budget(Map<String, Entry> top) {
    OptionalInt runs = OptionalInt.empty();
    OptionalDouble minutes = OptionalDouble.empty();
    if (top.containsKey("budget")) {
      Map<String, Entry> parts =
          yaml.entries(top.get("budget"), "budget", List.of("runs", "minutes"));
      Optional<String> r = text(parts, "runs", "[1-9][0-9]{0,6}", "a number of runs");
      Optional<String> m = text(parts, "minutes", NUMBER, "minutes");
      runs = r.isPresent() ? OptionalInt.of(Integer.parseInt(r.get())) : runs;
      minutes = m.isPresent() ? OptionalDouble.of(Double.parseDouble(m.get())) : minutes;
    }
    return new Sweep.Budget(runs, minutes);
  }

  private List<Sweep.Constraint> constraints(Map<String, Entry> top) {
    List<Sweep.Constraint> constraints = new ArrayList<>();
    if (!top.containsKey("constraints")) {
      return constraints;
    }
    for (Entry e : yaml.entries(top.get("constraints"), "constraints", List.of()).values()) {
      String place = "constraints." + e.key();
      metric(e.line(), place, new Column(e.key()), false);
      yaml.entries(e, place, List.of("least", "most"))
          .forEach(
              (side, limit) ->
                  scalar(limit.value(), place, NUMBER, "a number")
                      .map(Double::valueOf)
                      .ifPresent(
                          v ->
                              constraints.add(
                                  new Sweep.Constraint(
                                      new Column(e.key()), side.equals("least"), v))));
    }
    return constraints;
  }

  private void metric(int line, String place, Column column, boolean ordered) {
    boolean known = column.isMetric() && MetricInfo.of(column.name()).isPresent();
    if (!known || (ordered && column.direction() == MetricInfo.Direction.NONE)) {
      yaml.mistake(
          line,
          place,
          column.name(),
          "a metric of the evaluation" + (ordered ? " that has a better side" : ""));
    }
  }
}
