package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.report.ReportData.Measured;
import org.unlearn4j.report.ReportData.Role;

/** Whether the deployed files have forgotten as the trained weights have. */
final class SurvivalSection {
  private static final String REBOUND = "rebound_";

  private SurvivalSection() {}

  static Optional<Section> section(ReportData data) {
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
    if (rows.isEmpty() && data.extras().isEmpty()) {
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
    if (!rows.isEmpty()) {
      List<Html> headings = new ArrayList<>(List.of(Tables.words("file"), Tables.words("measure")));
      for (String word : List.of("target", "trained", "deployed", "found", "limit")) {
        headings.add(Tables.words(word).css("number"));
      }
      headings.add(Tables.words("outcome"));
      section.add(Tables.sortable(headings, rows));
    }
    data.extras().forEach(section::add);
    return Optional.of(section);
  }

  private static Html row(ReportData data, ParityResult result, Gate gate) {
    String metric =
        gate.name().startsWith(REBOUND)
            ? gate.name().substring(REBOUND.length())
            : gate.name().replaceAll("_fall$", "");
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
