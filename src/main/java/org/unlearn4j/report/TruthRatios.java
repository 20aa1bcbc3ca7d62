package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.Median;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.KolmogorovSmirnov;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.eval.SetMetric;
import org.unlearn4j.report.ReportData.Measured;
import org.unlearn4j.report.ReportData.Role;

/**
 * How probable wrong answers are beside right ones on the forget set: a histogram a model over the
 * same bins, and the curves between which the Kolmogorov-Smirnov distance lies.
 */
final class TruthRatios {
  private static final int WIDTH = 440;
  private static final int HEIGHT = 190;
  private static final int LEFT = 46;
  private static final int RIGHT = 12;
  private static final int TOP = 12;
  private static final int BOTTOM = 40;
  private static final int MOST_BINS = 28;

  /** Where the axis of ratios is named, as far as values reach. */
  private static final double[] NAMED = {
    1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1e3, 1e4, 1e5
  };

  private static final int NAME_PIXELS = 34;

  private TruthRatios() {}

  /**
   * A model's ratios on the forget set.
   *
   * @param logs their decimal logarithms, sorted, those that are finite
   */
  @SuppressWarnings("ArrayRecordComponent") // drawn once
  record Sample(Role role, double[] ratios, double[] logs) {
    double median() {
      return Median.of(ratios);
    }
  }

  /**
   * The largest distance between two empirical distribution functions and where it is.
   *
   * @param at the value (a decimal logarithm) at which they are furthest apart
   * @param ours share of our values up to there
   * @param theirs share of theirs
   */
  record Gap(double at, double ours, double theirs) {
    static Gap between(double[] ours, double[] theirs) {
      Gap largest = new Gap(ours[0], 0, 0);
      for (double[] sample : List.of(ours, theirs)) {
        for (double value : sample) {
          Gap here = new Gap(value, upTo(ours, value), upTo(theirs, value));
          largest = here.distance() > largest.distance() ? here : largest;
        }
      }
      return largest;
    }

    double distance() {
      return Math.abs(ours - theirs);
    }

    private static double upTo(double[] sorted, double value) {
      int count = 0;
      while (count < sorted.length && sorted[count] <= value) {
        count++;
      }
      return (double) count / sorted.length;
    }
  }

  static Optional<Section> section(ReportData data, Figures figures) {
    List<Sample> samples = samples(data);
    if (samples.isEmpty()) {
      return Optional.empty();
    }
    double[] pooled = samples.stream().flatMapToDouble(s -> Arrays.stream(s.logs)).toArray();
    Histogram bins = Histogram.over(pooled, MOST_BINS);
    Optional<Sample> reference = find(samples, Role.RETAIN_ONLY);
    Html grid = Html.tag("div").css("grid pairs");
    for (Sample s : samples) {
      grid.add(figures.figure(histogram(s, samples, bins), caption(s, reference)));
    }
    reference
        .filter(r -> samples.size() > 1)
        .ifPresent(
            r ->
                grid.add(
                    figures.figure(
                        cumulative(samples, r, bins),
                        Html.tag(
                            "figcaption",
                            "The share of questions whose ratio is at most that large. The vertical"
                                + " line is D, the largest distance of the two curves"
                                + " (Kolmogorov-Smirnov). Forget quality is the probability that two"
                                + " models that answer alike are at least that far apart."))));
    return Optional.of(
        Section.of("truth-ratios", "Truth ratios", "Truth ratios of the forget set")
            .add(
                Html.tag(
                    "p",
                    "How probable wrong answers are beside the right one, question by question, on"
                        + " a logarithmic axis: left of 1 the right answer is ahead. A model that"
                        + " knows sits on the left; a model that has forgotten sits where the"
                        + " retain-only model sits."))
            .add(grid));
  }

  private static Html caption(Sample s, Optional<Sample> reference) {
    Html caption = Html.tag("figcaption").add(Html.tag("strong", s.role.label()).css(s.role.css()));
    caption.add(", median " + Numbers.pretty(s.median()));
    reference
        .filter(r -> r.role != s.role)
        .ifPresent(
            r -> {
              KolmogorovSmirnov.Result test = KolmogorovSmirnov.twoSample(s.ratios, r.ratios);
              caption.add(
                  Numbers.together(
                      "; distance from retain-only D = "
                          + Numbers.pretty(test.statistic())
                          + ", p = "
                          + Numbers.pretty(test.pValue())));
            });
    int lost = s.ratios.length - s.logs.length;
    return lost == 0 ? caption : caption.add("; " + lost + " without a logarithm are not drawn");
  }

  /** One sample a role; none where no question has a ratio. */
  static List<Sample> samples(ReportData data) {
    List<Sample> samples = new ArrayList<>();
    for (Measured m : data.firsts()) {
      double[] ratios = ratios(m.result());
      double[] logs =
          Arrays.stream(ratios).map(Math::log10).filter(Double::isFinite).sorted().toArray();
      if (logs.length > 0) {
        samples.add(new Sample(m.role(), ratios, logs));
      }
    }
    return samples;
  }

  private static double[] ratios(EvaluationResult result) {
    return result.rows("forget").stream()
        .flatMapToDouble((RowResult row) -> row.value(SetMetric.TRUTH_RATIO.value()).stream())
        .toArray();
  }

  private static Optional<Sample> find(List<Sample> samples, Role role) {
    return samples.stream().filter(s -> s.role == role).findFirst();
  }

  private static Plot histogram(Sample sample, List<Sample> all, Histogram bins) {
    double top =
        all.stream().flatMapToDouble(s -> Arrays.stream(bins.shares(s.logs))).max().orElse(1);
    Axis x = new Axis(bins.from(), bins.to(), LEFT, WIDTH - RIGHT);
    Axis y = new Axis(0, top * 1.05, HEIGHT - BOTTOM, TOP);
    Drawing drawing = axes(x, y, HEIGHT, "truth ratio");
    double[] shares = bins.shares(sample.logs);
    for (int i = 0; i < shares.length; i++) {
      if (shares[i] > 0) {
        double left = x.at(bins.from() + i * bins.width()) + 0.75;
        double right = x.at(bins.from() + (i + 1) * bins.width()) - 0.75;
        drawing.bar(
            sample.role.ink(), 0.7, left, y.at(shares[i]), right - left, y.at(0) - y.at(shares[i]));
      }
    }
    find(all, Role.RETAIN_ONLY)
        .filter(r -> r.role != sample.role)
        .ifPresent(
            r ->
                drawing
                    .path(Ink.RETAIN, 1, 1.6, outline(bins, bins.shares(r.logs), x, y))
                    .text(Ink.RETAIN, "end", WIDTH - RIGHT, TOP + 10, "line: retain-only"));
    String name = "truth-ratios-" + sample.role.label();
    return drawing.plot(
        name, "histogram of the truth ratios of the forget set, " + sample.role.label());
  }

  private static String outline(Histogram bins, double[] shares, Axis x, Axis y) {
    StringBuilder d = new StringBuilder("M" + Drawing.point(x.at(bins.from()), y.at(0)));
    for (int i = 0; i < shares.length; i++) {
      d.append(" V").append(Drawing.number(y.at(shares[i])));
      d.append(" H").append(Drawing.number(x.at(bins.from() + (i + 1) * bins.width())));
    }
    return d.append(" V").append(Drawing.number(y.at(0))).toString();
  }

  private static Plot cumulative(List<Sample> samples, Sample reference, Histogram bins) {
    Axis x = new Axis(bins.from(), bins.to(), LEFT, WIDTH - RIGHT);
    Axis y = new Axis(0, 1, HEIGHT - BOTTOM, TOP);
    Drawing drawing = axes(x, y, HEIGHT, "truth ratio");
    for (Sample s : samples) {
      StringBuilder d = new StringBuilder("M" + Drawing.point(x.at(bins.from()), y.at(0)));
      for (int i = 0; i < s.logs.length; i++) {
        d.append(" H").append(Drawing.number(x.at(s.logs[i])));
        d.append(" V").append(Drawing.number(y.at((i + 1.0) / s.logs.length)));
      }
      drawing.path(s.role.ink(), 1, 1.6, d.append(" H" + (WIDTH - RIGHT)).toString());
    }
    find(samples, Role.UNLEARNED)
        .map(s -> Gap.between(s.logs, reference.logs))
        .ifPresent(
            gap -> {
              drawing.line(
                  Ink.TEXT, 1, 2, x.at(gap.at), y.at(gap.ours), x.at(gap.at), y.at(gap.theirs));
              // below and to the right of the lower curve there is always room
              double lower = y.at(Math.min(gap.ours, gap.theirs));
              drawing.text(
                  Ink.TEXT,
                  "start",
                  x.at(gap.at) + 7,
                  lower + 16,
                  "D = " + Numbers.pretty(gap.distance()));
            });
    return drawing.plot(
        "truth-ratios-cumulative",
        "cumulative shares of the truth ratios, and the Kolmogorov-Smirnov distance between the"
            + " unlearned and the retain-only model");
  }

  /** Grid and names: shares upwards, ratios on a logarithmic axis. */
  private static Drawing axes(Axis x, Axis y, int height, String xTitle) {
    Drawing drawing = new Drawing(WIDTH, height);
    double step = Histogram.roundStep((y.high() - y.low()) / 4);
    for (int i = 0; i * step <= y.high() * (1 + 1e-9); i++) {
      double at = y.at(i * step);
      drawing.line(Ink.TEXT, i == 0 ? 0.6 : 0.18, 0.8, LEFT, at, WIDTH - RIGHT, at);
      drawing.text(Ink.TEXT, "end", LEFT - 6, at + 4, Numbers.percent(i * step));
    }
    double last = Double.NEGATIVE_INFINITY;
    for (double ratio : NAMED) {
      double at = x.at(Math.log10(ratio));
      boolean inside = at >= LEFT - 0.5 && at <= WIDTH - RIGHT + 0.5;
      if (inside && at - last >= NAME_PIXELS) {
        drawing.line(Ink.TEXT, 0.6, 0.8, at, y.at(0), at, y.at(0) + 4);
        drawing.text(Ink.TEXT, "middle", at, y.at(0) + 17, Numbers.tick(ratio));
        last = at;
      }
    }
    return drawing.text(Ink.TEXT, "middle", (LEFT + WIDTH - RIGHT) / 2.0, height - 6, xTitle);
  }
}
