package org.unlearn4j.study;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.report.ArrowPlot;
import org.unlearn4j.weights.Variant;

/**
 * A study's table as files beside each other: Markdown for people, CSV with every run and JSON with
 * every mean for programs, and the picture.
 */
public final class StudyFiles {
  private static final Column FORGETTING = new Column(Metric.FORGET_PROB.key());
  private static final Column UTILITY = new Column(Metric.MODEL_UTILITY.key());

  private final Path markdown;
  private final MarkedText text;
  private final String stem;

  /**
   * Files to write. Those beside the page have its name; in a page of several studies, the study's.
   *
   * @param markdown the page; what is in it outside the markers stays
   * @throws org.unlearn4j.base.UserException if there is a page that has no markers
   */
  public StudyFiles(Study study, Path markdown) {
    this.markdown = markdown;
    this.text = MarkedText.open(markdown, study.name());
    this.stem = text.shared() ? study.name() : name(markdown).replaceFirst("\\.[^.]*$", "");
  }

  /** Writes all of them, each whole or not at all. */
  public void write(StudyTable table) {
    Optional<String> plot = plot(table);
    plot.ifPresent(svg -> AtomicFiles.writeString(beside(".svg"), svg));
    AtomicFiles.writeString(beside(".csv"), csv(table));
    AtomicFiles.writeString(beside(".json"), json(table));
    AtomicFiles.writeString(
        markdown, text.with(StudyMarkdown.of(table, plot.map(p -> name(beside(".svg"))))));
  }

  private Path beside(String ending) {
    return markdown.resolveSibling(stem + ending);
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** One line a run, or a format of a run; the numbers as they were measured. */
  static String csv(StudyTable table) {
    List<Column> columns = table.study().columns();
    boolean formats = !table.study().formats().isEmpty();
    StringBuilder out =
        new StringBuilder(formats ? "method,addition,format,seed" : "method,addition,seed");
    columns.forEach(c -> out.append(',').append(c.name()));
    out.append('\n');
    table
        .models()
        .forEach(
            (model, values) ->
                out.append(model).append(formats ? ",,," : ",,").append(cells(columns, values)));
    for (StudyTable.Measured run : table.runs()) {
      out.append(run.row().method()).append(',');
      out.append(run.row().added() ? table.study().addition().orElseThrow() : "");
      if (formats) {
        out.append(',').append(run.row().format().map(Variant::label).orElse(""));
      }
      out.append(',').append(run.seed()).append(cells(columns, run.values()));
    }
    return out.toString();
  }

  private static String cells(List<Column> columns, Map<Column, Double> values) {
    return columns.stream()
        .map(c -> values.containsKey(c) ? "," + values.get(c) : ",")
        .collect(Collectors.joining("", "", "\n"));
  }

  /** Means, spreads and values of each row, and what the addition changed. */
  static String json(StudyTable table) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    Study study = table.study();
    root.put("study", study.name()).put("file", study.file().toString());
    study.seeds().forEach(root.putArray("seeds")::add);
    ObjectNode columns = root.putObject("columns");
    for (Column c : study.columns()) {
      columns.putObject(c.name()).put("better", better(c.direction()));
    }
    ObjectNode models = root.putObject("models");
    table
        .models()
        .forEach(
            (model, values) -> {
              ObjectNode node = models.putObject(model);
              values.forEach((column, value) -> node.put(column.name(), value));
            });
    ObjectNode variants = root.putObject("variants");
    for (Study.Row r : study.rows()) {
      ObjectNode node = variants.putObject(study.label(r));
      node.put("method", r.method()).put("addition", r.added() ? study.addition().get() : null);
      if (!study.formats().isEmpty()) {
        node.put("format", r.format().map(Variant::label).orElse(null));
      }
      for (Column c : study.columns()) {
        table.summary(r, c).ifPresent(s -> write(node.putObject(c.name()), s));
      }
    }
    if (study.addition().isPresent()) {
      ObjectNode changes = root.putObject("changes");
      for (Study.Row r : table.withoutAddition()) {
        ObjectNode node = changes.putObject(study.label(r));
        for (Column c : study.columns()) {
          table.change(r, c).ifPresent(s -> write(node.putObject(c.name()), s));
        }
      }
    }
    return root.toPrettyString() + "\n";
  }

  private static String better(MetricInfo.Direction direction) {
    return switch (direction) {
      case HIGHER -> "higher";
      case LOWER -> "lower";
      case CLOSER_TO_REFERENCE -> "closer to retain-only";
      case NONE -> "neither";
    };
  }

  private static void write(ObjectNode node, Summary summary) {
    node.put("mean", summary.mean()).put("spread", summary.spread());
    summary.values().forEach(node.putArray("values")::add);
  }

  /**
   * Utility over forgetting. Forgetting is 1 - forget probability: linear, there for every method,
   * and with a point to aim at, the retain-only model. Forget quality spans twenty powers of ten
   * and is low for a model that forgot too little and for one that forgot too much alike, so that
   * an arrow along it would have no meaning.
   */
  static Optional<String> plot(StudyTable table) {
    Study study = table.study();
    if (!study.columns().containsAll(List.of(FORGETTING, UTILITY))) {
      return Optional.empty();
    }
    List<ArrowPlot.Arrow> arrows = new ArrayList<>();
    Optional<Variant> last =
        study.addition().isPresent() || study.formats().isEmpty()
            ? Optional.empty()
            : Optional.of(study.formats().get(study.formats().size() - 1));
    for (Study.Row r : table.withoutAddition()) {
      if (r.format().isEmpty()) {
        Optional<ArrowPlot.End> to = end(table, last.map(r::in).orElse(r.withAddition()));
        end(table, r).ifPresent(f -> arrows.add(new ArrowPlot.Arrow(r.method(), f, to)));
      }
    }
    List<ArrowPlot.Mark> marks = new ArrayList<>();
    table
        .models()
        .forEach(
            (model, values) -> {
              if (values.containsKey(FORGETTING) && values.containsKey(UTILITY)) {
                double forgetting = 1 - values.get(FORGETTING);
                marks.add(new ArrowPlot.Mark(model, forgetting, values.get(UTILITY)));
              }
            });
    String key =
        study.addition().map(a -> "circle: without " + a + ", arrow head: with it; ").orElse("")
            + last.map(f -> "circle: as trained, arrow head: " + f.label() + "; ").orElse("")
            + (study.seeds().size() > 1 ? "thin lines: ± one standard deviation" : "one seed");
    String description =
        "Model utility over forgetting, "
            + study.addition().map(a -> "each method without and with " + a).orElse("by method");
    return Optional.of(
        ArrowPlot.svg(
            new ArrowPlot.Frame(
                description,
                "forgetting: 1 − probability of the forget answers",
                "model utility",
                key),
            arrows,
            marks));
  }

  private static Optional<ArrowPlot.End> end(StudyTable table, Study.Row row) {
    return table
        .summary(row, FORGETTING)
        .flatMap(
            x ->
                table
                    .summary(row, UTILITY)
                    .map(y -> new ArrowPlot.End(1 - x.mean(), y.mean(), x.spread(), y.spread())))
        .filter(e -> Double.isFinite(e.x()) && Double.isFinite(e.y()));
  }
}
