package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.report.ReportData.Measured;
import org.unlearn4j.report.ReportData.Role;

/** Every metric of every model side by side, each with its direction, range and reference. */
final class MetricSection {
  private static final String FORGOTTEN = "What was to be forgotten";
  private static final String KEPT = "What was to be kept";
  private static final String TEXT = "What the answers read like";

  private MetricSection() {}

  /** All metrics that any model has, in the order of the files. */
  static List<String> names(ReportData data) {
    Set<String> names = new LinkedHashSet<>();
    data.evaluations().forEach(m -> names.addAll(m.result().metrics().keySet()));
    return List.copyOf(names);
  }

  static Optional<Section> section(ReportData data) {
    Map<String, List<String>> groups = new LinkedHashMap<>();
    for (String title : List.of(FORGOTTEN, KEPT, TEXT)) {
      groups.put(title, new ArrayList<>());
    }
    for (String name : names(data)) {
      if (!Attacks.isMembership(name)) {
        List<String> group = groups.get(group(name));
        boolean sumsUp = Metric.FORGET_QUALITY.is(name) || Metric.MODEL_UTILITY.is(name);
        group.add(sumsUp ? 0 : group.size(), name);
      }
    }
    groups.values().removeIf(List::isEmpty);
    if (groups.isEmpty()) {
      return Optional.empty();
    }
    boolean reference = data.first(Role.RETAIN_ONLY).isPresent();
    Section section =
        Section.of("metrics", "Metrics", "Metrics")
            .add(
                Html.tag(
                    "p",
                    "An ideal unlearned model is as good as the target on what is to be kept, and"
                        + " cannot be told from the retain-only model on what is to be forgotten."
                        + (reference
                            ? " Small numbers: the distance from the retain-only model, where that"
                                + " is the measure."
                            : "")),
                Figures.key(data.firsts().stream().map(Measured::role).toList()).css("key marks"));
    groups.forEach((title, names) -> section.add(Html.tag("h3", title), table(data, names)));
    return Optional.of(section);
  }

  private static String group(String name) {
    return switch (MetricInfo.of(name).map(MetricInfo::about).orElse(MetricInfo.About.KEPT)) {
      case TEXT -> TEXT;
      case FORGOTTEN, MEMBERSHIP -> FORGOTTEN;
      case KEPT, FEATURES -> KEPT;
    };
  }

  /** The table of some metrics. */
  static Html table(ReportData data, List<String> names) {
    List<Html> headings = new ArrayList<>(List.of(Tables.words("metric"), Tables.words("better")));
    for (Measured m : data.evaluations()) {
      headings.add(
          Html.tag("span")
              .css("number")
              .add(m.role().label())
              .add(Html.tag("small", m.role() == Role.RETAIN_ONLY ? "reference" : m.runtime())));
    }
    headings.add(Tables.words("in its range"));
    return Tables.sortable(headings, names.stream().map(name -> row(data, name)).toList());
  }

  private static Html row(ReportData data, String name) {
    Optional<MetricInfo> info = MetricInfo.of(name);
    Html row = Html.tag("tr");
    row.add(
        Html.tag("th")
            .attr("scope", "row")
            .add(Tables.name(name))
            .add(info.map(i -> Html.tag("small", i.meaning())).orElse(Html.group())));
    row.add(
        Html.tag("td")
            .css("direction")
            .add(info.map(MetricSection::direction).orElse(""))
            .add(info.map(i -> Html.tag("small", range(i))).orElse(Html.group())));
    Optional<EvaluationResult> reference = data.first(Role.RETAIN_ONLY);
    for (Measured m : data.evaluations()) {
      OptionalDouble value = m.result().metric(name);
      if (value.isEmpty()) {
        row.add(Tables.nothing());
        continue;
      }
      Html cell = Tables.number(value.getAsDouble());
      boolean measured =
          m.role() != Role.RETAIN_ONLY
              && info.filter(i -> i.direction() == MetricInfo.Direction.CLOSER_TO_REFERENCE)
                  .isPresent();
      OptionalDouble other = reference.map(r -> r.metric(name)).orElse(OptionalDouble.empty());
      if (measured && other.isPresent()) {
        cell.add(Html.tag("small", Numbers.signed(value.getAsDouble() - other.getAsDouble())));
      }
      row.add(cell);
    }
    return row.add(
        Html.tag("td")
            .css("strip")
            .attr("data-value", Double.toString(data.unlearned().metric(name).orElse(Double.NaN)))
            .add(Strip.of(data, name)));
  }

  /** Which way is better, in a word. */
  static String direction(MetricInfo info) {
    return switch (info.direction()) {
      case HIGHER -> "↑ higher";
      case LOWER -> "↓ lower";
      case CLOSER_TO_REFERENCE -> "→ retain-only";
      case NONE -> "";
    };
  }

  private static String range(MetricInfo info) {
    return Numbers.pretty(info.low()) + " to " + Numbers.pretty(info.high());
  }
}
