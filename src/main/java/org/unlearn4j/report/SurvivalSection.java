package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.report.ReportData.Measured;
import org.unlearn4j.report.ReportData.Role;

/** Whether the deployed files have forgotten as the trained weights have. */
final class SurvivalSection {
  private SurvivalSection() {}

  static Optional<Section> section(ReportData data, Figures figures) {
    List<Html> rows = new ArrayList<>();
    data.verdict()
        .ifPresent(
            verdict -> {
              for (ParityResult result : verdict.results()) {
                result.gates().stream()
                    .filter(g -> g.level() == Gate.Level.SURVIVAL)
                    .forEach(gate -> rows.add(row(data, result, gate)));
              }
            });
    Optional<Html> table = data.verify().flatMap(SurvivalSection::table);
    List<Html> extras = data.verify().map(Extras::tables).orElse(List.of());
    if (rows.isEmpty() && table.isEmpty() && extras.isEmpty()) {
      return Optional.empty();
    }
    Section section =
        Section.of("survival", "Deployment", "Does forgetting survive deployment?")
            .add(
                Html.tag(
                    "p",
                    "Rounding weights to fewer bits is known to bring forgotten knowledge back."
                        + " Rebound is the share of the way from the trained weights back to the"
                        + " target that a deployed file goes; negative is further away."));
    data.verdict()
        .ifPresent(
            verdict -> {
              List<Html> outcomes =
                  verdict.results().stream().flatMap(r -> outcome(r).stream()).toList();
              if (!outcomes.isEmpty()) {
                section.add(Html.tag("ul").add(outcomes));
              }
              SurvivalPlot.of(verdict)
                  .ifPresent(
                      plot ->
                          section.add(
                              figures.figure(
                                  plot,
                                  "Each line goes from the unlearned model to the target; the dot is"
                                      + " the deployed file, the shade what the gate allows.")));
            });
    table.ifPresent(section::add);
    if (!rows.isEmpty()) {
      section.add(table.map(t -> Html.tag("h3", "Gates")).orElse(Html.group()));
      List<Html> headings = new ArrayList<>(List.of(Tables.words("file"), Tables.words("measure")));
      for (String word : List.of("target", "trained", "deployed", "found", "limit")) {
        headings.add(Tables.words(word).css("number"));
      }
      headings.add(Tables.words("outcome"));
      section.add(Tables.sortable(headings, rows));
    }
    extras.forEach(section::add);
    return Optional.of(section);
  }

  /** What the gates on one file come to, in a sentence. */
  static Optional<Html> outcome(ParityResult result) {
    List<Gate> gates =
        result.gates().stream().filter(g -> g.level() == Gate.Level.SURVIVAL).toList();
    if (gates.isEmpty()) {
      return Optional.empty();
    }
    List<String> failed = new ArrayList<>();
    for (Gate gate : gates) {
      if (!gate.pass()) {
        failed.add(
            gate.name().replace('_', ' ')
                + " "
                + (Double.isNaN(gate.value())
                    ? "has no value, because " + gate.subject().noNumber()
                    : Numbers.percent(gate.value())
                        + " where at most "
                        + Numbers.percent(gate.limit())
                        + " is allowed"));
      }
    }
    String file = ReportData.runtime(result.deployed());
    String codes =
        Double.isNaN(result.equalCodes())
            ? ""
            : " Of its codes " + Numbers.percent(result.equalCodes()) + " are still the target's.";
    return Optional.of(
        Html.tag(
                "li",
                failed.isEmpty()
                    ? "✓ " + file + " is still unlearned." + codes
                    : "✗ "
                        + file
                        + " must not be deployed: "
                        + String.join(", ", failed)
                        + "."
                        + codes)
            .css(failed.isEmpty() ? "holds" : "fails"));
  }

  /** The table that verify.json may hold: a metric a row, from the target to each deployed file. */
  static Optional<Html> table(JsonInput verify) {
    List<JsonInput> metrics = verify.get("survival").elements();
    if (metrics.isEmpty()) {
      return Optional.empty();
    }
    Set<String> files = new LinkedHashSet<>();
    metrics.forEach(row -> files.addAll(row.get("deployed").fields().keySet()));
    List<Html> headings = new ArrayList<>(List.of(Tables.words("metric")));
    for (String word : List.of("target", "retain-only", "unlearned")) {
      headings.add(Tables.words(word).css("number"));
    }
    for (String file : files) {
      headings.add(
          Html.tag("span")
              .css("number")
              .add(ReportData.runtime(file))
              .add(Html.tag("small", "rebound")));
    }
    List<Html> rows = new ArrayList<>();
    for (JsonInput metric : metrics) {
      boolean judged = metric.get("judged").node().asBoolean();
      Html row = Html.tag("tr");
      row.add(
          Html.tag("th")
              .attr("scope", "row")
              .add(Tables.name(metric.get("metric").text()))
              .add(judged ? Html.tag("small", "judged by a gate") : Html.group()));
      for (String model : List.of("target", "retain_only", "unlearned")) {
        row.add(number(metric.get(model)));
      }
      for (String file : files) {
        JsonInput deployed = metric.get("deployed").get(file);
        Html cell = number(deployed.get("value"));
        double rebound = value(deployed.get("rebound"));
        row.add(
            Double.isNaN(rebound)
                ? cell
                : cell.add(Html.tag("small", (rebound > 0 ? "+" : "") + Numbers.percent(rebound))));
      }
      rows.add(row);
    }
    return Optional.of(Tables.sortable(headings, rows));
  }

  private static Html number(JsonInput input) {
    double value = value(input);
    return Double.isNaN(value) ? Tables.nothing() : Tables.number(value);
  }

  private static double value(JsonInput input) {
    return input.present() ? input.number() : Double.NaN;
  }

  private static Html row(ReportData data, ParityResult result, Gate gate) {
    String metric = gate.subject().metric().orElse("");
    return Html.tag("tr")
        .css(gate.pass() ? "" : "failed")
        .add(Html.tag("th", ReportData.runtime(result.deployed())).attr("scope", "row"))
        .add(Html.tag("td").add(Tables.name(gate.name())))
        .add(metric(data.first(Role.TARGET), metric))
        .add(metric(of(data, result.trained()), metric))
        .add(metric(of(data, result.deployed()), metric))
        .add(GateSection.outcome(gate));
  }

  private static Optional<EvaluationResult> of(ReportData data, String runtime) {
    return data.evaluations().stream()
        .filter(m -> m.role() == Role.UNLEARNED && m.result().runtime().equals(runtime))
        .map(Measured::result)
        .findFirst();
  }

  private static Html metric(Optional<EvaluationResult> result, String name) {
    OptionalDouble value = result.map(r -> r.metric(name)).orElse(OptionalDouble.empty());
    return value.isPresent() ? Tables.number(value.getAsDouble()) : Tables.nothing();
  }
}
