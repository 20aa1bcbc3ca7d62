package org.unlearn4j.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Nearest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.report.ReportData.Role;

/** Runs side by side: which settings differ, and what came of it. */
public final class Comparison {
  /** Where runs are looked for by name. */
  private static final Path RUNS = Path.of("runs");

  /** Settings that must agree for numbers to be of the same thing. */
  private static final List<String> SUBJECT =
      List.of(
          "model.path",
          "model.reference",
          "data.benchmark",
          "data.path",
          "data.forget",
          "data.retain");

  /** Measures of the last block that are laid side by side. */
  private static final List<Metric> FEATURES =
      List.of(
          Metric.ENTANGLEMENT,
          Metric.ENTANGLEMENT_LOG_RATIO,
          Metric.COSINE,
          Metric.PRINCIPAL_ANGLES,
          Metric.PROBE_AUC,
          Metric.RETAIN_DRIFT,
          Metric.RETAIN_CKA);

  /** A run under the name that tells it from the others. */
  record Run(String name, Path folder, ReportData data) {
    Optional<EvaluationResult> of(Role role) {
      return data.first(role);
    }

    /** What the verdict says, in a word. */
    String verdict() {
      return data.verdict().map(v -> v.pass() ? "pass" : "fail").orElse("not verified");
    }
  }

  /**
   * A number of every run.
   *
   * @param values of the unlearned models, by run; NaN where a run has none
   * @param best which runs are best, where any is better than another
   */
  record Row(String name, Optional<MetricInfo> info, List<Double> values, Set<Integer> best) {}

  private final List<Run> runs;

  private Comparison(List<Run> runs) {
    this.runs = List.copyOf(runs);
  }

  /**
   * Reads runs.
   *
   * @param given folders, or names of folders in {@code runs/}; at least two
   * @throws UserException if one is not there, is given twice, or holds a file that is not of its
   *     form
   */
  public static Comparison read(List<String> given) {
    return read(given, RUNS);
  }

  /** The folders of the runs. */
  public List<RunFolder> folders() {
    return runs.stream().map(r -> new RunFolder(r.folder())).toList();
  }

  static Comparison read(List<String> given, Path home) {
    if (given.size() < 2) {
      throw new UserException(
          "compare: found " + given.size() + " run, expected at least two to lay side by side.");
    }
    List<Path> folders = new ArrayList<>();
    for (String run : given) {
      Path folder = folder(run, home).toAbsolutePath().normalize();
      if (folders.contains(folder)) {
        throw new UserException("compare: found " + run + " twice, expected it once.");
      }
      folders.add(folder);
    }
    List<ReportData> data = folders.stream().map(f -> ReportData.read(new RunFolder(f))).toList();
    List<String> names = names(given, folders, data);
    List<Run> runs = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      runs.add(new Run(names.get(i), folders.get(i), data.get(i)));
    }
    return new Comparison(runs);
  }

  private static Path folder(String run, Path home) {
    Path direct = Path.of(run);
    if (Files.isDirectory(direct)) {
      return direct;
    }
    Path byName = home.resolve(run);
    if (Files.isDirectory(byName)) {
      return byName;
    }
    throw new UserException(
        run
            + ": found no such folder, expected a run folder or the name of one in "
            + home
            + "/"
            + Nearest.hint(run, known(home))
            + ".");
  }

  private static List<String> known(Path home) {
    if (!Files.isDirectory(home)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(home)) {
      return files
          .filter(Files::isDirectory)
          .map(p -> p.getFileName().toString())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new MachineException(home + ": could not be listed.", e);
    }
  }

  /** The pipelines' names; the folders' where two runs share one; what was typed at the last. */
  private static List<String> names(List<String> given, List<Path> folders, List<ReportData> data) {
    List<String> pipelines = data.stream().map(ReportData::name).toList();
    List<String> last = folders.stream().map(f -> String.valueOf(f.getFileName())).toList();
    for (List<String> names : List.of(pipelines, last)) {
      if (Set.copyOf(names).size() == names.size()) {
        return names;
      }
    }
    return given;
  }

  List<Run> runs() {
    return runs;
  }

  private static boolean has(Run run, String block) {
    return run.data.pipeline().keySet().stream()
        .anyMatch(name -> name.equals(block) || name.startsWith(block + "."));
  }

  /**
   * Settings that are not the same in all runs, by dotted name; a run without one has null. A block
   * that a run does not have at all is one entry by its name, "yes" where it is, not one a default;
   * that of the model or the data is listed whole, since numbers depend on it.
   */
  Map<String, List<String>> differing() {
    Set<String> names = new TreeSet<>();
    runs.forEach(run -> names.addAll(run.data.pipeline().keySet()));
    names.remove("name");
    Map<String, List<String>> differing = new LinkedHashMap<>();
    for (String name : names) {
      String block = name.contains(".") ? name.substring(0, name.indexOf('.')) : name;
      boolean subject = SUBJECT.stream().anyMatch(s -> s.startsWith(block + "."));
      if (!subject && !runs.stream().allMatch(run -> has(run, block))) {
        List<String> there = new ArrayList<>();
        runs.forEach(run -> there.add(has(run, block) ? "yes" : null));
        differing.put(block, there);
        continue;
      }
      List<String> values = new ArrayList<>();
      runs.forEach(run -> values.add(run.data.pipeline().get(name)));
      if (values.stream().distinct().count() > 1) {
        differing.put(name, values);
      }
    }
    return differing;
  }

  /** Why the numbers may not be of the same thing; empty where they are. */
  List<String> cautions() {
    List<String> cautions = new ArrayList<>();
    Map<String, List<String>> differing = differing();
    List<String> subject = SUBJECT.stream().filter(differing::containsKey).toList();
    if (!subject.isEmpty()) {
      cautions.add("The runs differ in " + String.join(", ", subject) + ".");
    }
    Set<String> suites = new LinkedHashSet<>();
    runs.forEach(run -> suites.add(run.data.unlearned().suite()));
    if (suites.size() > 1) {
      cautions.add(
          "The runs were evaluated by different suites: " + String.join(", ", suites) + ".");
    }
    return cautions;
  }

  /** Every metric that any run has, in the order of the files. */
  List<Row> metrics() {
    Set<String> names = new LinkedHashSet<>();
    runs.forEach(run -> names.addAll(run.data.unlearned().metrics().keySet()));
    return names.stream()
        .map(
            name ->
                row(
                    name,
                    run -> run.data.unlearned().metric(name).orElse(Double.NaN),
                    run ->
                        run.of(Role.RETAIN_ONLY)
                            .map(r -> r.metric(name).orElse(Double.NaN))
                            .orElse(Double.NaN)))
        .toList();
  }

  /** What forget and retain features share at the last block. */
  List<Row> features() {
    return FEATURES.stream()
        .map(Metric::key)
        .map(name -> row(name, run -> feature(run, name), run -> Double.NaN))
        .filter(row -> row.values.stream().anyMatch(v -> !Double.isNaN(v)))
        .toList();
  }

  private static double feature(Run run, String name) {
    EvaluationResult result = run.data.unlearned();
    return Overview.lastBlock(result)
        .map(layer -> result.entanglement().get(layer).getOrDefault(name, Double.NaN))
        .orElse(Double.NaN);
  }

  private Row row(String name, Function<Run, Double> value, Function<Run, Double> reference) {
    Optional<MetricInfo> info = MetricInfo.of(name);
    List<Double> values = runs.stream().map(value).toList();
    List<Double> references = runs.stream().map(reference).toList();
    return new Row(name, info, values, info.map(i -> best(i, values, references)).orElse(Set.of()));
  }

  /**
   * Which are best, each measured against its own reference where that is the measure; none where
   * all are equal or only one has a number.
   */
  static Set<Integer> best(MetricInfo info, List<Double> values, List<Double> references) {
    List<Double> cost = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      cost.add(
          switch (info.direction()) {
            case HIGHER -> -values.get(i);
            case LOWER -> values.get(i);
            case CLOSER_TO_REFERENCE -> Math.abs(values.get(i) - own(info, references.get(i)));
            case NONE -> Double.NaN;
          });
    }
    List<Double> there = cost.stream().filter(c -> !Double.isNaN(c)).toList();
    double least = there.stream().mapToDouble(c -> c).min().orElse(Double.NaN);
    Set<Integer> best = new LinkedHashSet<>();
    for (int i = 0; i < cost.size(); i++) {
      if (cost.get(i) == least) {
        best.add(i);
      }
    }
    return best.size() == there.size() ? Set.of() : best;
  }

  /** What is measured relative to the retain-only model is 0 for that model itself. */
  private static double own(MetricInfo info, double reference) {
    return Double.isNaN(reference) && info.needsReference() && info.low() < 0 ? 0 : reference;
  }

  /** The tables as plain text, the best of a row marked with an asterisk. */
  public String text() {
    return ComparisonText.text(this);
  }

  /** The same as JSON. */
  public String json() {
    return ComparisonText.json(this);
  }

  /**
   * Writes the page.
   *
   * @throws MachineException if the disk refuses
   */
  public void write(Path file) {
    AtomicFiles.writeString(file, ComparisonPage.of(this));
  }
}
