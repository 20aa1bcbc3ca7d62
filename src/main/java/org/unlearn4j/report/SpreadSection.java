package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.unlearn4j.base.Median;
import org.unlearn4j.eval.Bootstrap;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.RowResult;
import org.unlearn4j.eval.SetMetric;

/** How far runs that differ in their seed alone lie apart, and how far other rows would. */
final class SpreadSection {
  private SpreadSection() {}

  static Optional<Section> section(ReportData data) {
    if (data.seeds().size() < 2) {
      return Optional.empty();
    }
    List<Html> headings =
        List.of(
            Tables.words("metric"),
            Tables.words("delivered"),
            Tables.words("median"),
            Tables.words("smallest"),
            Tables.words("largest"),
            Tables.words("95 % over rows, from"),
            Tables.words("to"));
    List<Html> rows = new ArrayList<>();
    for (String metric : data.unlearned().metrics().keySet()) {
      double[] values =
          data.seeds().stream()
              .map(e -> e.metric(metric))
              .filter(OptionalDouble::isPresent)
              .mapToDouble(OptionalDouble::getAsDouble)
              .sorted()
              .toArray();
      if (values.length == data.seeds().size()) {
        rows.add(row(data, metric, values));
      }
    }
    return Optional.of(
        Section.of("spread", "Seeds", "How much is chance?")
            .add(
                Html.tag(
                    "p",
                    data.seeds().size()
                        + " runs differ in their seed alone. The one that is delivered was chosen"
                        + " on rows that are not reported here. The interval is of the mean over"
                        + " rows, with the runs' mean of each: percentiles of 2000 samples with"
                        + " replacement."),
                Tables.sortable(headings, rows)));
  }

  private static Html row(ReportData data, String metric, double[] sorted) {
    Html row = Html.tag("tr").add(Html.tag("th").attr("scope", "row").add(Tables.name(metric)));
    row.add(Tables.number(data.unlearned().metric(metric).orElse(Double.NaN)));
    row.add(Tables.number(Median.of(sorted)));
    row.add(Tables.number(sorted[0])).add(Tables.number(sorted[sorted.length - 1]));
    Optional<Bootstrap.Interval> interval = interval(data.seeds(), metric);
    row.add(interval.map(i -> Tables.number(i.low())).orElseGet(Tables::nothing));
    return row.add(interval.map(i -> Tables.number(i.high())).orElseGet(Tables::nothing));
  }

  /**
   * The interval of a metric that is a mean over rows of probabilities; of others there is none,
   * since a harmonic mean or a p-value of some rows is not that of all.
   */
  static Optional<Bootstrap.Interval> interval(List<EvaluationResult> seeds, String metric) {
    String ending = "_" + SetMetric.PROB.value();
    if (!metric.endsWith(ending)) {
      return Optional.empty();
    }
    String set = metric.substring(0, metric.length() - ending.length());
    List<RowResult> first = seeds.get(0).rows(set);
    boolean alike = seeds.stream().allMatch(e -> e.rows(set).size() == first.size());
    if (first.isEmpty() || !alike) {
      return Optional.empty();
    }
    double[] means =
        IntStream.range(0, first.size())
            .mapToDouble(
                i ->
                    seeds.stream()
                        .map(e -> e.rows(set).get(i).value(SetMetric.PROB.value()))
                        .mapToDouble(v -> v.orElse(Double.NaN))
                        .average()
                        .orElse(Double.NaN))
            .toArray();
    return Arrays.stream(means).anyMatch(Double::isNaN)
        ? Optional.empty()
        : Optional.of(
            Bootstrap.mean(means, IntStream.range(0, means.length).mapToObj(i -> "" + i).toList()));
  }
}
