package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.eval.RelearnMetrics;
import org.unlearn4j.report.Charts.Series;
import org.unlearn4j.report.ReportData.Role;

/** Does a little training bring the forgotten back, and faster than it teaches a newcomer? */
final class RelearnSection {
  private static final int WIDTH = 440;
  private static final int ROW = 34;
  private static final int TOP = 8;
  private static final int BOTTOM = 40;
  private static final int LEFT = 158;
  private static final int RIGHT = 16;

  private RelearnSection() {}

  static Optional<Section> section(ReportData data, Figures figures) {
    return data.relearning()
        .filter(r -> r.arms().stream().anyMatch(a -> !a.models().isEmpty()))
        .map(r -> section(data, r, figures));
  }

  private static Section section(ReportData data, Relearning relearning, Figures figures) {
    Section section =
        Section.of("relearning", "Relearning", "Does it stay forgotten?")
            .add(
                Html.tag(
                    "p",
                    "The model is taught again for "
                        + amount(relearning.epochs(), "epoch")
                        + " on "
                        + Numbers.percent(relearning.share())
                        + " of the rows, at a learning rate of "
                        + Numbers.together(Numbers.pretty(relearning.learningRate()))
                        + ", and measured on what was forgotten. Retain rows show what training"
                        + " alone does; the retain-only model shows what learning for the first"
                        + " time looks like. Knowledge that was hidden, not removed, comes back"
                        + " faster than that."));
    sentence(relearning)
        .ifPresent(words -> section.add(Html.tag("p", Numbers.together(words)).css("finding")));
    judged(relearning).ifPresent(words -> section.add(Html.tag("p", words)));
    Html grid = Html.tag("div").css("grid pairs");
    for (String metric : drawn(relearning)) {
      plot(data, relearning, metric)
          .ifPresent(plot -> grid.add(figures.figure(plot, caption(metric))));
    }
    if (!grid.isEmpty()) {
      section.add(grid);
    }
    if (!relearning.lines().isEmpty()) {
      section.add(
          figures.canChart()
              ? figures
                  .figure(
                      curves(relearning),
                      "Mean probability of forgotten rows that are not taught again, over the steps"
                          + " of each relearning: fainter for smaller shares")
                  .css("wide")
              : Figures.undrawn());
    }
    return section.add(
        Html.tag("details").add(Html.tag("summary", "Every number")).add(table(relearning)));
  }

  /**
   * What is worth a picture: the first metric, what was forgotten over the rows that were not
   * taught again where that is known, and utility. The table has the rest.
   */
  static List<String> drawn(Relearning relearning) {
    List<String> all = relearning.metrics();
    return all.stream()
        .filter(
            metric ->
                metric.equals(all.get(0))
                    || Metric.UTILITY_WITHOUT_ROUGE.is(metric)
                    || (forgotten(metric) && !all.contains(metric + RelearnMetrics.UNTAUGHT)))
        .toList();
  }

  private static boolean forgotten(String metric) {
    return MetricInfo.of(metric)
        .filter(i -> i.direction() == MetricInfo.Direction.CLOSER_TO_REFERENCE)
        .isPresent();
  }

  private static String amount(double count, String unit) {
    return Numbers.pretty(count) + " " + unit + (count == 1 ? "" : "s");
  }

  private static Html caption(String metric) {
    return Html.tag("figcaption")
        .add(Html.tag("strong", words(metric)))
        .add(
            MetricInfo.of(metric)
                .map(i -> Html.tag("small", i.meaning() + "; ring before, dot after"))
                .orElse(Html.tag("small", "ring before, dot after")));
  }

  private static String words(String metric) {
    return metric.replace(RelearnMetrics.UNTAUGHT, ", not taught again").replace('_', ' ');
  }

  /** How far the unlearned model went back on some of the forget rows, in the first metric. */
  static Optional<String> sentence(Relearning relearning) {
    for (Relearning.Arm arm : relearning.arms()) {
      Relearning.Model model = arm.models().get("unlearned");
      if (!arm.data().equals("forget") || model == null) {
        continue;
      }
      for (String metric : relearning.metrics()) {
        Double back = model.wayBack().get(metric);
        if (back != null) {
          Relearning.Model newcomer = arm.models().get("retain_only");
          Double same = newcomer == null ? null : newcomer.wayBack().get(metric);
          return Optional.of(
              "Training on "
                  + amount(arm.rows(), "forgotten row")
                  + " brought "
                  + metric.replace('_', ' ')
                  + " back from "
                  + Numbers.pretty(model.before().getOrDefault(metric, Double.NaN))
                  + " to "
                  + Numbers.pretty(model.after().getOrDefault(metric, Double.NaN))
                  + ", "
                  + Numbers.percent(back)
                  + " of the way to the target"
                  + (same == null
                      ? "."
                      : "; the retain-only model went " + Numbers.percent(same) + ".")
                  + others(model, newcomer, metric + RelearnMetrics.UNTAUGHT));
        }
      }
    }
    return Optional.empty();
  }

  /** The gate on what came back of rows that were not taught. */
  private static Optional<String> judged(Relearning relearning) {
    return relearning
        .gain()
        .flatMap(
            gain ->
                relearning
                    .gainMax()
                    .map(
                        most ->
                            "Gate: what was not taught became likelier by "
                                + Numbers.pretty(gain)
                                + " more than for the retain-only model; at most "
                                + Numbers.pretty(most)
                                + " is allowed: "
                                + (relearning.pass() ? "pass." : "fail.")));
  }

  /** What came back beyond the rows that were taught: that had been hidden, not removed. */
  private static String others(Relearning.Model model, Relearning.Model newcomer, String untaught) {
    Double back = model.wayBack().get(untaught);
    if (back == null) {
      return "";
    }
    Double same = newcomer == null ? null : newcomer.wayBack().get(untaught);
    return " Over the forgotten rows that were not taught it went "
        + Numbers.percent(back)
        + (same == null ? "." : ", the retain-only model " + Numbers.percent(same) + ".");
  }

  private record Move(String label, Ink ink, double before, double after) {}

  private static Optional<Plot> plot(ReportData data, Relearning relearning, String metric) {
    List<Move> moves = new ArrayList<>();
    for (Relearning.Arm arm : relearning.arms()) {
      arm.models()
          .forEach(
              (name, model) -> {
                double before = model.before().getOrDefault(metric, Double.NaN);
                double after = model.after().getOrDefault(metric, Double.NaN);
                if (Double.isFinite(before) && Double.isFinite(after)) {
                  moves.add(
                      new Move(name(name) + ", " + arm.data() + " rows", ink(name), before, after));
                }
              });
    }
    if (moves.isEmpty()) {
      return Optional.empty();
    }
    OptionalDouble target = target(data, relearning, metric);
    double high = target.orElse(0);
    double low = Math.min(0, target.orElse(0));
    for (Move m : moves) {
      high = Math.max(high, Math.max(m.before, m.after));
      low = Math.min(low, Math.min(m.before, m.after));
    }
    high = high > low ? high + 0.04 * (high - low) : low + 1;
    Axis x = new Axis(low, high, LEFT, WIDTH - RIGHT);
    int bottom = TOP + ROW * moves.size();
    Drawing drawing = new Drawing(WIDTH, bottom + BOTTOM);
    double step = Histogram.roundStep((high - low) / 5);
    for (long i = (long) Math.ceil(low / step); i * step <= high; i++) {
      drawing.line(Ink.TEXT, 0.2, 0.8, x.at(i * step), TOP, x.at(i * step), bottom);
      drawing.text(Ink.TEXT, "middle", x.at(i * step), bottom + 15, Numbers.tick(i * step));
    }
    target.ifPresent(
        t -> {
          drawing.line(Ink.TARGET, 1, 1.4, x.at(t), TOP, x.at(t), bottom);
          boolean left = x.at(t) > WIDTH - 60;
          drawing.text(
              Ink.TARGET, left ? "end" : "middle", x.at(t) + (left ? 6 : 0), bottom + 32, "target");
        });
    for (int i = 0; i < moves.size(); i++) {
      Move m = moves.get(i);
      double y = TOP + ROW * (i + 0.5);
      drawing.text(Ink.TEXT, "end", LEFT - 12, y + 4, m.label);
      drawing.line(m.ink, 0.55, 3, x.at(m.before), y, x.at(m.after), y);
      drawing.ring(m.ink, x.at(m.before), y, 5).dot(m.ink, x.at(m.after), y, 5.5);
    }
    return Optional.of(
        drawing.plot(
            "relearn-" + metric.replaceAll("[^a-zA-Z0-9]", "-"),
            metric.replace('_', ' ') + " before and after relearning"));
  }

  private static Plot curves(Relearning relearning) {
    List<Series> series = new ArrayList<>();
    int lines = relearning.lines().size();
    for (Relearning.Line line : relearning.lines()) {
      double opacity = 1 - 0.7 * (lines - 1 - series.size()) / lines;
      series.add(
          new Series(
              name(line.model()) + ", " + line.taught(),
              ink(line.model()),
              opacity,
              Charts.Style.LINE,
              line.untaught().keySet().stream().mapToDouble(Integer::doubleValue).toArray(),
              line.untaught().values().stream().mapToDouble(Double::doubleValue).toArray()));
    }
    Charts.Frame frame =
        new Charts.Frame(
            "relearn-curves",
            "probability of what is not taught again, over the steps of relearning",
            520,
            320 + 20 * lines,
            "step",
            "");
    return Charts.draw(frame, series, null);
  }

  /** As it was measured here, or else by the target's own evaluation. */
  private static OptionalDouble target(ReportData data, Relearning relearning, String metric) {
    double here = relearning.target().getOrDefault(metric, Double.NaN);
    return Double.isFinite(here)
        ? OptionalDouble.of(here)
        : data.first(Role.TARGET).map(t -> t.metric(metric)).orElse(OptionalDouble.empty());
  }

  private static Html table(Relearning relearning) {
    List<Html> headings = new ArrayList<>();
    for (String word : List.of("metric", "taught again", "model")) {
      headings.add(Tables.words(word));
    }
    for (String word : List.of("before", "after", "way back")) {
      headings.add(Tables.words(word).css("number"));
    }
    List<Html> rows = new ArrayList<>();
    for (String metric : relearning.metrics()) {
      for (Relearning.Arm arm : relearning.arms()) {
        arm.models()
            .forEach(
                (name, model) ->
                    rows.add(
                        Html.tag("tr")
                            .add(Html.tag("th").attr("scope", "row").add(Tables.name(metric)))
                            .add(Tables.cell(amount(arm.rows(), arm.data() + " row")))
                            .add(Tables.cell(name(name)))
                            .add(number(model.before(), metric), number(model.after(), metric))
                            .add(wayBack(model.wayBack(), metric))));
      }
    }
    return Tables.sortable(headings, rows);
  }

  private static Html number(Map<String, Double> values, String metric) {
    Double value = values.get(metric);
    return value == null ? Tables.nothing() : Tables.number(value);
  }

  private static Html wayBack(Map<String, Double> values, String metric) {
    Double value = values.get(metric);
    return value == null || !Double.isFinite(value)
        ? Tables.nothing()
        : Html.tag("td")
            .css("number")
            .attr("data-value", Double.toString(value))
            .add(Numbers.percent(value));
  }

  private static String name(String model) {
    return model.replace('_', '-');
  }

  private static Ink ink(String model) {
    return model.startsWith("retain") ? Ink.RETAIN : Ink.UNLEARNED;
  }
}
