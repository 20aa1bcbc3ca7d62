package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.unlearn4j.eval.FeaturePicture;
import org.unlearn4j.report.Charts.Frame;
import org.unlearn4j.report.Charts.Series;
import org.unlearn4j.report.Charts.Style;

/** From the data of a run to its plots; a plot is absent where its data is. */
final class Plots {
  private static final int MOST_POINTS = 400;

  private Plots() {}

  /**
   * The power of ten in which small numbers are drawn, since the chart library names their ticks in
   * full; 0 for others.
   */
  static int power(ReportData data, String key) {
    double largest =
        data.training().stream()
            .mapToDouble(step -> Math.abs(step.getOrDefault(key, 0.0)))
            .filter(Double::isFinite)
            .max()
            .orElse(0);
    return largest > 0 && largest < 0.01 ? (int) Math.floor(Math.log10(largest)) : 0;
  }

  /** One number of the training log over the steps, in units of its {@link #power}. */
  static Optional<Plot> training(ReportData data, String key, Ink ink) {
    double unit = Math.pow(10, power(data, key));
    List<double[]> points = new ArrayList<>();
    int n = 0;
    for (Map<String, Double> step : data.training()) {
      n++;
      double value = step.getOrDefault(key, Double.NaN);
      if (Double.isFinite(value)) {
        points.add(new double[] {step.getOrDefault("step", (double) n), value / unit});
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
            340,
            200,
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
                        520,
                        400,
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
}
