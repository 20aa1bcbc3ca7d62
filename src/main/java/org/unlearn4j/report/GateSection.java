package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.GenerationDifferences;
import org.unlearn4j.parity.ParityResult;

/** Every gate with its value and its limit, and the generations that part. */
final class GateSection {
  private static final int MOST_DIFFERENCES = 10;

  private GateSection() {}

  static Html render(ReportData data) {
    Html section = Html.tag("section").attr("id", "parity").add(Html.tag("h2", "Parity"));
    if (data.verdict().isEmpty()) {
      return section.add(
          Html.tag("p", "This run has no verify.json: no gate was measured.").css("absent"));
    }
    List<Html> headings =
        List.of(
            Tables.words("file"),
            Tables.words("evidence"),
            Tables.words("gate"),
            Tables.words("found").css("number"),
            Tables.words("limit").css("number"),
            Tables.words("outcome"));
    List<Html> rows = new ArrayList<>();
    for (ParityResult result : data.verdict().get().results()) {
      result.gates().forEach(gate -> rows.add(row(result, gate)));
    }
    section.add(Tables.sortable(headings, rows));
    for (ParityResult result : data.verdict().get().results()) {
      GenerationDifferences generations = result.generations();
      section.add(
          Html.tag(
              "p",
              result.deployed()
                  + ": "
                  + result.numeric().positions()
                  + " positions and "
                  + result.numeric().labelledTokens()
                  + " labelled tokens compared; "
                  + (generations.rows() - generations.different().size())
                  + " of "
                  + generations.rows()
                  + " greedy generations are identical."));
      generations.different().stream()
          .limit(MOST_DIFFERENCES)
          .forEach(d -> section.add(difference(result, d)));
    }
    return section;
  }

  private static Html row(ParityResult result, Gate gate) {
    String limit =
        Double.isInfinite(gate.limit())
            ? "measured only"
            : (gate.comparison() == Gate.Comparison.AT_MOST ? "≤ " : "≥ ")
                + Numbers.pretty(gate.limit());
    String outcome =
        gate.pass()
            ? "✓ holds"
            : Double.isNaN(gate.value())
                ? "✗ not a number"
                : "✗ " + Numbers.pretty(gate.excess()) + " beyond";
    return Html.tag("tr")
        .css(gate.pass() ? "" : "failed")
        .add(Tables.cell(result.deployed()))
        .add(Tables.cell(gate.level().label()))
        .add(Html.tag("th").attr("scope", "row").add(Tables.name(gate.name())))
        .add(Tables.number(gate.value()))
        .add(Html.tag("td", limit).css("number").attr("data-value", Double.toString(gate.limit())))
        .add(Html.tag("td", outcome).css(gate.pass() ? "holds" : "fails"));
  }

  private static Html difference(ParityResult result, GenerationDifferences.Different d) {
    return Html.tag("article")
        .css("question")
        .add(
            Html.tag("h4", d.set() + ", row " + d.index() + ": parts at character " + d.position()))
        .add(
            Html.tag("dl")
                .add(side(result.trained(), d.trained()), side(result.deployed(), d.deployed())));
  }

  private static Html side(String runtime, String generation) {
    return Html.tag("div").add(Html.tag("dt", runtime), Html.tag("dd", generation));
  }
}
