package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.MetricInfo;
import org.unlearn4j.report.ReportData.Measured;
import org.unlearn4j.report.ReportData.Role;

/** Every metric of every model side by side, each with its direction, range and reference. */
final class MetricSection {
  private MetricSection() {}

  static Html render(ReportData data) {
    Set<String> names = new LinkedHashSet<>();
    data.evaluations().forEach(m -> names.addAll(m.result().metrics().keySet()));
    List<Html> headings = new ArrayList<>(List.of(Tables.words("metric"), Tables.words("better")));
    for (Measured m : data.evaluations()) {
      headings.add(
          Html.tag("span")
              .css("number")
              .add(m.label())
              .add(m.role() == Role.RETAIN_ONLY ? Html.tag("small", "reference") : Html.group()));
    }
    List<Html> rows = new ArrayList<>();
    for (String name : names) {
      rows.add(row(data, name));
    }
    Html section =
        Html.tag("section")
            .attr("id", "metrics")
            .add(Html.tag("h2", "Metrics"))
            .add(
                Html.tag(
                    "p",
                    "An ideal unlearned model is as good as the target on what is to be kept, and"
                        + " cannot be told from the retain-only model on what is to be forgotten."
                        + " Below a number, where the retain-only model is the measure: the"
                        + " distance from it."))
            .add(Tables.sortable(headings, rows));
    for (Role role : List.of(Role.TARGET, Role.RETAIN_ONLY)) {
      if (data.first(role).isEmpty()) {
        section.add(
            Html.tag("p", "The " + role.label() + " model was not evaluated in this run.")
                .css("absent"));
      }
    }
    return section;
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
    return row;
  }

  private static String direction(MetricInfo info) {
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
