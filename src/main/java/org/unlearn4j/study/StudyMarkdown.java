package org.unlearn4j.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.unlearn4j.report.Numbers;

/** A study's table as Markdown. */
final class StudyMarkdown {
  private static final String NONE = "–";

  private StudyMarkdown() {}

  /**
   * The table, the picture and what the addition changed.
   *
   * @param plot the picture's file name
   */
  static String of(StudyTable table, Optional<String> plot) {
    StringBuilder out = new StringBuilder();
    out.append(caption(table.study())).append("\n\n").append(values(table));
    plot.ifPresent(p -> out.append("\n![Model utility over forgetting](").append(p).append(")\n"));
    table
        .study()
        .addition()
        .ifPresent(
            addition -> {
              out.append("\nWhat ").append(addition).append(" changed, paired by seed: with less");
              out.append(" without; for the time of a step, with over without.\n\n");
              out.append(changes(table));
            });
    return out.toString();
  }

  private static String caption(Study study) {
    String seeds = study.seeds().stream().map(String::valueOf).collect(Collectors.joining(", "));
    List<String> sentences = new ArrayList<>();
    sentences.add(
        "Written by `unlearn4j study --file "
            + study.file()
            + study.sets().stream().map(s -> " --set " + s).collect(Collectors.joining())
            + "`"
            + (study.seeds().size() > 1
                ? "; seeds " + seeds + ", mean ± sample standard deviation."
                : "; seed " + seeds + "."));
    sentences.add("↑ higher is better, ↓ lower, → as near to the retain-only model as can be.");
    if (!study.formats().isEmpty()) {
      sentences.add(
          "A row with a format is the exported file on ONNX Runtime, a row without one the trained weights"
              + " on TensorFlow.");
    }
    if (study.columns().stream().anyMatch(Column::isRebound)) {
      sentences.add(
          "Rebound: the share of the way from the trained weights back to the target, the largest of the"
              + " metrics that `verify` judges.");
    }
    if (study.columns().stream().anyMatch(c -> c.isFeature() && !c.name().contains("@"))) {
      sentences.add("Measures of the features without a layer are of the last block.");
    }
    if (study.columns().stream().anyMatch(Column::isTime)) {
      sentences.add(
          "Seconds a step: what the fastest tenth of a run's training steps stayed within, the loop alone"
              + study
                  .addition()
                  .map(a -> "; the runs without and with " + a + " took turns on one machine.")
                  .orElse("."));
    }
    return String.join("\n", sentences);
  }

  private static String values(StudyTable table) {
    Study study = table.study();
    StringBuilder out = head("", study.columns());
    table
        .models()
        .forEach(
            (model, values) ->
                row(out, "*" + model + "*", study.columns(), c -> single(values, c)));
    for (Study.Row r : study.rows()) {
      row(out, study.label(r), study.columns(), c -> cell(table.summary(r, c)));
    }
    return out.toString();
  }

  private static String changes(StudyTable table) {
    List<Column> columns = table.study().columns();
    StringBuilder out = head("", columns);
    for (Study.Row r : table.withoutAddition()) {
      row(
          out,
          table.study().label(r),
          columns,
          c ->
              c.isTime()
                  ? table.change(r, c).map(s -> "× " + plusMinus(s)).orElse(NONE)
                  : table.change(r, c).map(StudyMarkdown::signed).orElse(NONE));
    }
    return out.toString();
  }

  private static StringBuilder head(String first, List<Column> columns) {
    StringBuilder out = new StringBuilder("| ").append(first);
    columns.forEach(c -> out.append(" | ").append(c.heading()));
    return out.append(" |\n|---").append("|--:".repeat(columns.size())).append("|\n");
  }

  private static void row(
      StringBuilder out, String name, List<Column> columns, Function<Column, String> cell) {
    out.append("| ").append(name);
    columns.forEach(c -> out.append(" | ").append(cell.apply(c)));
    out.append(" |\n");
  }

  private static String single(Map<Column, Double> values, Column column) {
    return values.containsKey(column) ? Numbers.pretty(values.get(column)) : NONE;
  }

  private static String cell(Optional<Summary> summary) {
    return summary.map(StudyMarkdown::plusMinus).orElse(NONE);
  }

  private static String signed(Summary summary) {
    return (summary.mean() > 0 ? "+" : "") + plusMinus(summary);
  }

  private static String plusMinus(Summary summary) {
    return Numbers.plusMinus(summary.mean(), summary.spread());
  }
}
