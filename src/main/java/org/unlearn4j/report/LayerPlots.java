package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.unlearn4j.eval.Entanglement;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.report.Charts.Frame;
import org.unlearn4j.report.Charts.Series;
import org.unlearn4j.report.Charts.Style;
import org.unlearn4j.report.ReportData.Role;

/**
 * Small multiples: one panel a measure of the features, all over the same layers from the
 * embeddings to the final norm.
 */
final class LayerPlots {
  private static final int WIDTH = 340;
  private static final int HEIGHT = 230;

  private LayerPlots() {}

  /** A measure's panel and the words below it. */
  record Panel(Plot plot, String caption) {}

  /** The panels there are values for; none where a model has a single layer. */
  static List<Panel> all(ReportData data) {
    List<Panel> panels = new ArrayList<>();
    Stream.concat(Entanglement.ALONE.stream(), Entanglement.OF_CHANGE.stream())
        .forEach(measure -> panel(data, measure).ifPresent(panels::add));
    return panels;
  }

  private static Optional<Panel> panel(ReportData data, String measure) {
    List<String> layers = List.copyOf(data.unlearned().entanglement().keySet());
    List<Series> series = new ArrayList<>();
    lines(data, measure)
        .forEach(
            (label, line) -> {
              double[] y = layers.stream().mapToDouble(l -> line.at(l, measure)).toArray();
              if (layers.size() > 1 && Arrays.stream(y).allMatch(Double::isFinite)) {
                double[] x = IntStream.range(0, y.length).asDoubleStream().toArray();
                series.add(new Series(label, line.ink, 1, Style.LINE, x, y));
              }
            });
    if (series.isEmpty()) {
      return Optional.empty();
    }
    String words = measure.replace('_', ' ').replace(" auc", " AUC").replace(" cka", " CKA");
    Frame frame =
        new Frame(
            "layers-" + measure.replace('_', '-'),
            words + " over the layers, before and after unlearning",
            WIDTH,
            HEIGHT,
            "",
            "");
    Plot plot = Charts.draw(frame, series, x -> tick(layers, x));
    return Optional.of(new Panel(plot, words + direction(measure)));
  }

  /** Whose values a line shows. */
  private record Line(Ink ink, EvaluationResult result, String suffix) {
    double at(String layer, String measure) {
      Map<String, Double> values = result.entanglement().getOrDefault(layer, Map.of());
      return values.getOrDefault(measure + suffix, Double.NaN);
    }
  }

  /**
   * A measure of one model has a line before, one after, and one of the retain-only model; a
   * measure of what changed has one.
   */
  private static Map<String, Line> lines(ReportData data, String measure) {
    Map<String, Line> lines = new LinkedHashMap<>();
    boolean ofOneModel = Entanglement.ALONE.contains(measure);
    if (ofOneModel) {
      before(data, measure).ifPresent(line -> lines.put("before", line));
    }
    lines.put("after", new Line(Role.UNLEARNED.ink(), data.unlearned(), ""));
    if (ofOneModel) {
      data.first(Role.RETAIN_ONLY)
          .ifPresent(r -> lines.put("retain-only", new Line(Role.RETAIN_ONLY.ink(), r, "")));
    }
    return lines;
  }

  /** As it was measured beside the model after; where it was not, the target's own evaluation. */
  private static Optional<Line> before(ReportData data, String measure) {
    Ink ink = Role.TARGET.ink();
    boolean beside =
        data.unlearned().entanglement().values().stream()
            .map(Map::keySet)
            .anyMatch((Set<String> names) -> names.contains(measure + Entanglement.BEFORE));
    return beside
        ? Optional.of(new Line(ink, data.unlearned(), Entanglement.BEFORE))
        : data.first(Role.TARGET).map(target -> new Line(ink, target, ""));
  }

  private static String direction(String measure) {
    return MetricInfo.of(measure)
        .map(
            i ->
                (i.direction() == MetricInfo.Direction.LOWER ? ", ↓ lower" : ", ↑ higher")
                    + " is better: "
                    + i.meaning())
        .orElse("");
  }

  /** A layer's name, short, at its place on the axis; nothing between two layers. */
  private static String tick(List<String> layers, double x) {
    long index = Math.round(x);
    boolean there = Math.abs(x - index) < 1e-9 && index >= 0 && index < layers.size();
    return there
        ? layers.get((int) index).replace("embeddings", "emb.").replace("final_norm", "norm")
        : "";
  }
}
