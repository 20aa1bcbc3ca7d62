package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.FeaturePicture;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.report.Charts.Frame;
import org.unlearn4j.report.Charts.Series;
import org.unlearn4j.report.Charts.Style;

/** From the data of a run to its plots; a plot is absent where its data is. */
final class Plots {
  private static final int MOST_POINTS = 400;
  private static final int MOST_BINS = 30;

  private Plots() {}

  /** One number of the training log over the steps. */
  static Optional<Plot> training(ReportData data, String key, Ink ink) {
    List<double[]> points = new ArrayList<>();
    int n = 0;
    for (Map<String, Double> step : data.training()) {
      n++;
      double value = step.getOrDefault(key, Double.NaN);
      if (Double.isFinite(value)) {
        points.add(new double[] {step.getOrDefault("step", (double) n), value});
      }
    }
    if (points.size() < 2) {
      return Optional.empty();
    }
    List<double[]> drawn = thinned(points);
    // The chart library labels evenly spaced points by their own values (1, 18, 35, ...); a first
    // one
    // a hundredth of a step off makes it choose round numbers.
    drawn.get(0)[0] += 0.01;
    Series series =
        new Series(
            key,
            ink,
            1,
            Style.LINE,
            drawn.stream().mapToDouble(p -> p[0]).toArray(),
            drawn.stream().mapToDouble(p -> p[1]).toArray());
    Frame frame =
        new Frame(
            "train-" + key.replaceAll("[^a-zA-Z0-9]", "-"),
            key + " over training steps",
            420,
            230,
            "",
            "");
    return Optional.of(Charts.draw(frame, List.of(series), null));
  }

  /** Every k-th point and the last one. */
  private static List<double[]> thinned(List<double[]> points) {
    int stride = (points.size() + MOST_POINTS - 1) / MOST_POINTS;
    List<double[]> thin =
        new ArrayList<>(
            IntStream.range(0, points.size())
                .filter(i -> i % stride == 0)
                .mapToObj(points::get)
                .toList());
    if ((points.size() - 1) % stride != 0) {
      thin.add(points.get(points.size() - 1));
    }
    return thin;
  }

  /** Features before and after, on the axes of the model before. */
  static Optional<Plot> features(ReportData data) {
    return picture(data)
        .map(
            p ->
                Charts.draw(
                    new Frame(
                        "features",
                        "forget and retain features before and after unlearning",
                        720,
                        430,
                        axis("first component", p, 0),
                        axis("second component", p, 1)),
                    List.of(
                            points("retain before", Ink.RETAIN, 0.3, Style.RINGS, p.retainBefore()),
                            points("forget before", Ink.FORGET, 0.3, Style.RINGS, p.forgetBefore()),
                            points("retain after", Ink.RETAIN, 0.9, Style.DOTS, p.retainAfter()),
                            points("forget after", Ink.FORGET, 0.9, Style.DOTS, p.forgetAfter()))
                        .stream()
                        .filter(s -> s.x().length > 0)
                        .toList(),
                    null));
  }

  /** The picture of the trained weights, or of a deployed file where only that has one. */
  static Optional<FeaturePicture> picture(ReportData data) {
    return data.evaluations().stream().flatMap(m -> m.result().pca().stream()).findFirst();
  }

  private static String axis(String name, FeaturePicture picture, int axis) {
    return axis < picture.explained().size()
        ? name
            + ", "
            + Math.round(100 * picture.explained().get(axis))
            + " % of the variance before"
        : name;
  }

  private static Series points(
      String label, Ink ink, double opacity, Style style, List<FeaturePicture.Point> points) {
    List<FeaturePicture.Point> finite =
        points.stream().filter(p -> Double.isFinite(p.x()) && Double.isFinite(p.y())).toList();
    return new Series(
        label,
        ink,
        opacity,
        style,
        finite.stream().mapToDouble(FeaturePicture.Point::x).toArray(),
        finite.stream().mapToDouble(FeaturePicture.Point::y).toArray());
  }

  /** Distribution of the forget set's truth ratios, each model an outline. */
  static Optional<Plot> truthRatios(ReportData data) {
    List<Series> series = new ArrayList<>();
    double[] pooled =
        data.firsts().stream().flatMapToDouble(m -> logRatios(m.result())).sorted().toArray();
    if (pooled.length == 0) {
      return Optional.empty();
    }
    double width = binWidth(pooled[pooled.length - 1] - pooled[0]);
    double from = Math.floor(pooled[0] / width) * width;
    int bins = 1 + (int) ((pooled[pooled.length - 1] - from) / width);
    for (ReportData.Measured m : data.firsts()) {
      double[] values = logRatios(m.result()).toArray();
      if (values.length > 0) {
        series.add(outline(m, values, from, width, bins));
      }
    }
    Frame frame =
        new Frame(
            "truth-ratios",
            "distribution of the truth ratios of the forget set",
            720,
            330,
            "truth ratio, power of ten",
            "share of questions");
    return Optional.of(Charts.draw(frame, series, null));
  }

  /** 1, 2 or 5 times a power of ten, so that the axis has round numbers. */
  private static double binWidth(double range) {
    double least = Math.max(range / MOST_BINS, 1e-6);
    double ten = Math.pow(10, Math.floor(Math.log10(least)));
    return DoubleStream.of(1, 2, 5)
        .map(m -> m * ten)
        .filter(w -> w >= least)
        .findFirst()
        .orElse(10 * ten);
  }

  private static DoubleStream logRatios(EvaluationResult result) {
    return result.rows("forget").stream()
        .flatMapToDouble((RowResult row) -> row.value("truth_ratio").stream())
        .map(Math::log10)
        .filter(Double::isFinite);
  }

  private static Series outline(
      ReportData.Measured measured, double[] values, double from, double width, int bins) {
    double[] share = new double[bins];
    for (double value : values) {
      share[Math.min(bins - 1, (int) ((value - from) / width))] += 1.0 / values.length;
    }
    // from the ground up, over every bin, and down to the ground
    double[] x =
        IntStream.rangeClosed(-1, bins).mapToDouble(i -> from + Math.max(i, 0) * width).toArray();
    double[] y = new double[x.length];
    System.arraycopy(share, 0, y, 1, bins);
    return new Series(measured.role().label(), ink(measured.role()), 1, Style.STEPS, x, y);
  }

  /** The colour of a model. */
  static Ink ink(ReportData.Role role) {
    return switch (role) {
      case TARGET -> Ink.TARGET;
      case RETAIN_ONLY -> Ink.RETAIN;
      case UNLEARNED -> Ink.UNLEARNED;
    };
  }
}
