package org.unlearn4j.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.report.Comparison.Row;
import org.unlearn4j.report.Comparison.Run;
import org.unlearn4j.report.ReportData.Role;

/** A comparison for a terminal and for programs. */
final class ComparisonText {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NONE = "-";

  private ComparisonText() {}

  static String text(Comparison comparison) {
    List<Run> runs = comparison.runs();
    List<List<String>> lines = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("", "better"));
    runs.forEach(run -> head.add(run.name()));
    lines.add(head);
    List<String> verdict = new ArrayList<>(List.of("verdict", ""));
    runs.forEach(run -> verdict.add(run.verdict()));
    lines.add(verdict);
    comparison
        .differing()
        .forEach(
            (name, values) -> {
              List<String> line = new ArrayList<>(List.of(name, ""));
              values.forEach(v -> line.add(v == null ? NONE : v));
              lines.add(line);
            });
    comparison.metrics().forEach(row -> lines.add(line(row, "")));
    comparison.features().forEach(row -> lines.add(line(row, ", last block")));
    StringBuilder out = new StringBuilder();
    comparison.cautions().forEach(c -> out.append("Note: ").append(c).append('\n'));
    return out.append(aligned(lines)).toString();
  }

  private static List<String> line(Row row, String where) {
    List<String> line = new ArrayList<>(List.of(row.name() + where, direction(row)));
    for (int i = 0; i < row.values().size(); i++) {
      double value = row.values().get(i);
      String number = Double.isNaN(value) ? NONE : String.format(Locale.ROOT, "%.4g", value);
      line.add(number + (row.best().contains(i) ? " *" : "  "));
    }
    return line;
  }

  private static String direction(Row row) {
    return row.info()
        .map(
            i ->
                switch (i.direction()) {
                  case HIGHER -> "higher";
                  case LOWER -> "lower";
                  case CLOSER_TO_REFERENCE -> "retain-only";
                  case NONE -> "";
                })
        .orElse("");
  }

  /** The first two columns to the left, runs to the right; no blanks at the ends of lines. */
  private static String aligned(List<List<String>> lines) {
    int columns = lines.get(0).size();
    int[] width = new int[columns];
    lines.forEach(
        line -> {
          for (int c = 0; c < columns; c++) {
            width[c] = Math.max(width[c], line.get(c).length());
          }
        });
    StringBuilder out = new StringBuilder();
    for (List<String> line : lines) {
      StringBuilder words = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String pad = " ".repeat(width[c] - line.get(c).length());
        words.append(c == 0 ? "" : "  ");
        words.append(c < 2 ? line.get(c) + pad : pad + line.get(c));
      }
      out.append(words.toString().stripTrailing()).append('\n');
    }
    return out.toString();
  }

  static String json(Comparison comparison) {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode runs = root.putArray("runs");
    for (Run run : comparison.runs()) {
      ObjectNode node = runs.addObject();
      node.put("name", run.name());
      node.put("folder", run.folder().toString());
      node.put("verdict", run.verdict());
      node.put("suite", run.data().unlearned().suite());
      for (Role role : Role.values()) {
        run.of(role).ifPresent(result -> metrics(node.putObject(key(role)), result));
      }
      ObjectNode features = node.putObject("features");
      for (Row row : comparison.features()) {
        features.put(row.name(), row.values().get(comparison.runs().indexOf(run)));
      }
    }
    ObjectNode differing = root.putObject("settings");
    comparison
        .differing()
        .forEach(
            (name, values) -> {
              ArrayNode array = differing.putArray(name);
              values.forEach(array::add);
            });
    ArrayNode metrics = root.putArray("metrics");
    for (Row row : comparison.metrics()) {
      ObjectNode node = metrics.addObject();
      node.put("name", row.name());
      node.put(
          "better",
          row.info()
              .map(MetricInfo::direction)
              .map(d -> d.name().toLowerCase(Locale.ROOT))
              .orElse("none"));
      ArrayNode best = node.putArray("best");
      row.best().forEach(i -> best.add(comparison.runs().get(i).name()));
    }
    ArrayNode cautions = root.putArray("cautions");
    comparison.cautions().forEach(cautions::add);
    return root.toPrettyString();
  }

  private static String key(Role role) {
    return role.label().replace('-', '_');
  }

  private static void metrics(ObjectNode node, EvaluationResult result) {
    for (Map.Entry<String, Double> metric : result.metrics().entrySet()) {
      node.put(metric.getKey(), metric.getValue());
    }
  }
}
