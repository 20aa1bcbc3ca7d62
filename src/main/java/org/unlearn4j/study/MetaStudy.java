package org.unlearn4j.study;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.MetaEvaluation;
import org.unlearn4j.eval.MetricInfo;

/**
 * Which metrics deserve trust: evaluations and attacks of many models, of which it is known whether
 * they know what was to be forgotten.
 *
 * <pre>
 * FOLDER/plain/knows/NAME.json     evaluations and attacks.json files of models that know
 * FOLDER/plain/never/NAME.json     of models that never did
 * FOLDER/CONDITION/...             the same models after something was done to them
 * </pre>
 *
 * @param models how many there are of each side, {@code [knows, never]}
 * @param metrics most telling first
 */
public record MetaStudy(Path folder, List<Integer> models, List<MetaEvaluation> metrics) {
  private static final String PLAIN = "plain";
  private static final List<String> SIDES = List.of("knows", "never");
  private static final int LEAST = 2;

  public MetaStudy {
    models = List.copyOf(models);
    metrics = List.copyOf(metrics);
  }

  /**
   * Reads a folder.
   *
   * @throws UserException if it has no such folders, too few files, or a file that is neither an
   *     evaluation nor what attacks brought out
   */
  public static MetaStudy read(Path folder) {
    Map<String, Map<String, double[]>> plain = values(folder.resolve(PLAIN));
    Map<String, Map<String, Map<String, double[]>>> conditions = new LinkedHashMap<>();
    for (Path condition : list(folder)) {
      // A run leaves logs beside what it measured.
      boolean any = SIDES.stream().anyMatch(s -> Files.isDirectory(condition.resolve(s)));
      if (any && !condition.endsWith(PLAIN)) {
        conditions.put(condition.getFileName().toString(), values(condition));
      }
    }
    List<MetaEvaluation> metrics = new ArrayList<>();
    plain.forEach(
        (metric, sides) -> {
          Map<String, MetaEvaluation.Pool> others = new LinkedHashMap<>();
          conditions.forEach(
              (name, all) ->
                  Optional.ofNullable(all.get(metric)).ifPresent(s -> others.put(name, pool(s))));
          if (others.size() == conditions.size()) {
            MetaEvaluation.of(metric, pool(sides), others).ifPresent(metrics::add);
          }
        });
    metrics.sort(Comparator.comparingDouble(m -> -least(m))); // stable
    return new MetaStudy(
        folder,
        SIDES.stream().map(s -> measured(folder.resolve(PLAIN).resolve(s))).toList(),
        metrics);
  }

  private static double least(MetaEvaluation m) {
    return m.under().values().stream()
        .mapToDouble(u -> Math.min(u.auc(), u.right()))
        .reduce(m.auc(), Math::min);
  }

  private static int measured(Path side) {
    return (int)
        list(side).stream()
            .filter(Files::isRegularFile)
            .filter(f -> attacks(json(f)).isEmpty())
            .count();
  }

  private static MetaEvaluation.Pool pool(Map<String, double[]> sides) {
    return new MetaEvaluation.Pool(sides.get(SIDES.get(0)), sides.get(SIDES.get(1)));
  }

  /** Values of each metric that every model has, by metric and side. */
  private static Map<String, Map<String, double[]>> values(Path condition) {
    Map<String, Map<String, double[]>> all = new LinkedHashMap<>();
    for (String side : SIDES) {
      Path folder = condition.resolve(side);
      List<Path> files = list(folder).stream().filter(Files::isRegularFile).toList();
      Map<String, List<Double>> own = new LinkedHashMap<>();
      int evaluations = 0;
      for (Path file : files) {
        JsonInput root = json(file);
        List<JsonInput> families = attacks(root);
        evaluations += families.isEmpty() ? 1 : 0;
        one(root, families)
            .forEach((k, v) -> own.computeIfAbsent(k, x -> new ArrayList<>()).add(v));
      }
      if (evaluations < LEAST) {
        throw UserException.at(
            folder, "", evaluations + " evaluations", "those of at least " + LEAST + " models");
      }
      int models = evaluations;
      own.forEach(
          (metric, values) -> {
            if (values.size() == models) {
              all.computeIfAbsent(metric, m -> new LinkedHashMap<>())
                  .put(side, values.stream().mapToDouble(v -> v).toArray());
            }
          });
    }
    all.values().removeIf(sides -> sides.size() < SIDES.size());
    return all;
  }

  private static JsonInput json(Path file) {
    return JsonInput.read(file, "an evaluation, or what attacks brought out");
  }

  private static List<JsonInput> attacks(JsonInput root) {
    return root.get("families").elements();
  }

  /** The numbers of one file that are about what was to be forgotten. */
  private static Map<String, Double> one(JsonInput root, List<JsonInput> families) {
    Map<String, Double> values = new LinkedHashMap<>();
    if (families.isEmpty()) {
      root.get("metrics")
          .required("an object of metrics")
          .fields()
          .forEach(
              (name, value) -> {
                if (ofForgotten(name)) {
                  values.put(name, value.number());
                }
              });
      return values;
    }
    for (JsonInput family : families) {
      String name = "attack " + family.get("family").text();
      JsonInput judged = family.get("models").fields().values().iterator().next();
      values.put(name, judged.get("leakage").number());
      values.put(name + ", probability", judged.get("probability").number());
    }
    return values;
  }

  private static boolean ofForgotten(String metric) {
    return MetricInfo.of(metric)
        .map(MetricInfo::about)
        .filter(a -> a == MetricInfo.About.FORGOTTEN || a == MetricInfo.About.MEMBERSHIP)
        .isPresent();
  }

  private static List<Path> list(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw UserException.at(
          folder, "", "no such folder", "plain/knows and plain/never with evaluations");
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> !f.getFileName().toString().startsWith("."))
          .filter(f -> Files.isDirectory(f) || f.toString().endsWith(".json"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new MachineException(folder + ": could not be listed (" + e + ").", e);
    }
  }

  /** The table as Markdown. */
  public String markdown() {
    List<String> conditions =
        metrics.isEmpty() ? List.of() : List.copyOf(metrics.get(0).under().keySet());
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "Written by `unlearn4j meta` from %d models that know and %d that never did.%n%n",
            models.get(0),
            models.get(1)));
    out.append("| metric | trusted | AUC |");
    conditions.forEach(
        c -> out.append(String.format(Locale.ROOT, " AUC, %s | right, %s | shift, %s |", c, c, c)));
    out.append("\n|---|---|---|").append("---|".repeat(3 * conditions.size())).append('\n');
    for (MetaEvaluation m : metrics) {
      out.append(
          String.format(
              Locale.ROOT, "| %s | %s | %.2f |", m.metric(), m.trusted() ? "yes" : "", m.auc()));
      m.under()
          .values()
          .forEach(
              u ->
                  out.append(
                      String.format(
                          Locale.ROOT, " %.2f | %.2f | %+.2f |", u.auc(), u.right(), u.shift())));
      out.append('\n');
    }
    return out.toString();
  }

  /**
   * Writes {@code meta.json} into the folder, and the table into a page.
   *
   * @throws UserException if the page has no place for the table
   */
  public void write(Path page) {
    MarkedText text = MarkedText.open(page, "meta");
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.put("knows", models.get(0)).put("never", models.get(1));
    ArrayNode list = root.putArray("metrics");
    for (MetaEvaluation m : metrics) {
      ObjectNode node = list.addObject();
      node.put("metric", m.metric()).put("auc", m.auc()).put("higher", m.higher());
      node.put("trusted", m.trusted());
      ObjectNode under = node.putObject("under");
      m.under()
          .forEach(
              (name, u) ->
                  under
                      .putObject(name)
                      .put("auc", u.auc())
                      .put("right", u.right())
                      .put("shift", u.shift()));
    }
    AtomicFiles.writeFile(
        folder.resolve("meta.json"),
        p -> mapper.writerWithDefaultPrettyPrinter().writeValue(p.toFile(), root));
    AtomicFiles.writeString(page, text.with(markdown()));
  }
}
