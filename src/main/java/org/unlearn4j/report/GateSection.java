package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.GenerationDifferences;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Verdict;

/** Every gate with its value and its limit, and the generations that part. */
final class GateSection {
  private static final int MOST_DIFFERENCES = 10;

  private GateSection() {}

  static Optional<Section> section(ReportData data) {
    return data.verdict().map(GateSection::section);
  }

  private static Section section(Verdict verdict) {
    Section section =
        Section.of("parity", "Parity", "Is what is deployed what was trained?")
            .add(summary(verdict));
    List<Html> failed = new ArrayList<>();
    List<Html> all = new ArrayList<>();
    for (ParityResult result : verdict.results()) {
      for (Gate gate : result.gates()) {
        all.add(row(result, gate));
        if (!gate.pass()) {
          failed.add(row(result, gate));
        }
      }
    }
    if (!failed.isEmpty()) {
      section.add(Html.tag("h3", "Gates that do not hold"), Tables.sortable(headings(), failed));
    }
    section.add(
        Html.tag("details")
            .add(Html.tag("summary", "All " + all.size() + " gates"))
            .add(Tables.sortable(headings(), all)));
    for (ParityResult result : verdict.results()) {
      section.add(Html.tag("p", sentence(result)));
      result.generations().different().stream()
          .limit(MOST_DIFFERENCES)
          .forEach(d -> section.add(difference(result, d)));
    }
    return section;
  }

  /** A file a row, a kind of evidence a column. */
  private static Html summary(Verdict verdict) {
    List<Html> headings = new ArrayList<>(List.of(Tables.words("file")));
    for (Gate.Level level : Gate.Level.values()) {
      headings.add(Html.tag("span", level.label()).add(Html.tag("small", what(level))));
    }
    List<Html> rows = new ArrayList<>();
    for (ParityResult result : verdict.results()) {
      Html row =
          Html.tag("tr")
              .add(Html.tag("th", ReportData.runtime(result.deployed())).attr("scope", "row"));
      for (Gate.Level level : Gate.Level.values()) {
        List<Gate> all = result.gates().stream().filter(g -> g.level() == level).toList();
        List<Gate> gates = all.stream().filter(g -> g.judges() || !g.pass()).toList();
        long hold = gates.stream().filter(Gate::pass).count();
        String words =
            gates.isEmpty()
                ? (all.isEmpty() ? "–" : "measured only")
                : (hold == gates.size() ? "✓ " : "✗ ") + hold + " of " + gates.size() + " hold";
        row.add(
            Tables.cell(words)
                .css(gates.isEmpty() ? "" : hold == gates.size() ? "holds" : "fails"));
      }
      rows.add(row);
    }
    return Tables.sortable(headings, rows);
  }

  private static String what(Gate.Level level) {
    return switch (level) {
      case WEIGHTS -> "codes and constants";
      case GRAPH -> "the file against its own weights";
      case NUMERIC -> "logits, probabilities, cache";
      case METRIC -> "every metric again";
      case BEHAVIOUR -> "generated texts";
      case SURVIVAL -> "forgetting holds";
    };
  }

  private static List<Html> headings() {
    return List.of(
        Tables.words("gate"),
        Tables.words("file"),
        Tables.words("evidence"),
        Tables.words("found").css("number"),
        Tables.words("limit").css("number"),
        Tables.words("outcome"));
  }

  private static String origin(ParityResult result) {
    return result
        .origin()
        .map(
            o ->
                switch (o) {
                  case WEIGHTS ->
                      " The difference comes from its weights" + offending(result) + ".";
                  case GRAPH ->
                      " The difference comes from its graph: it computes something else than its"
                          + " weights stand for.";
                  case ROUNDING -> " The difference is the rounding of its weights.";
                  case NEITHER -> " Weights and graph are those of the trained model.";
                })
        .orElse("");
  }

  private static String offending(ParityResult result) {
    List<String> names =
        result
            .weights()
            .map(w -> w.offending().isEmpty() ? w.unread() : w.offending())
            .orElseThrow();
    return names.isEmpty() ? "" : ": " + names.stream().limit(3).collect(Collectors.joining(", "));
  }

  private static String sentence(ParityResult result) {
    GenerationDifferences generations = result.generations();
    return ReportData.runtime(result.deployed())
        + ": "
        + result.numeric().positions()
        + " positions and "
        + result.numeric().labelledTokens()
        + " labelled tokens compared; "
        + (generations.rows() - generations.different().size())
        + " of "
        + generations.rows()
        + " greedy generations are identical."
        + origin(result);
  }

  private static Html row(ParityResult result, Gate gate) {
    return Html.tag("tr")
        .css(gate.pass() ? "" : "failed")
        .add(Html.tag("th").attr("scope", "row").add(Tables.name(gate.name())))
        .add(Tables.cell(ReportData.runtime(result.deployed())))
        .add(Tables.cell(gate.level().label()))
        .add(outcome(gate));
  }

  /** Three cells: value, limit, outcome. */
  static Html outcome(Gate gate) {
    String limit =
        !gate.judges()
            ? "measured only"
            : (gate.comparison() == Gate.Comparison.AT_MOST ? "≤ " : "≥ ")
                + Numbers.pretty(gate.limit());
    String outcome =
        gate.pass()
            ? "✓ holds"
            : Double.isNaN(gate.value())
                ? "✗ " + gate.subject().noNumber()
                : "✗ " + Numbers.pretty(gate.excess()) + " beyond";
    return Html.group()
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
    return Html.tag("div")
        .add(Html.tag("dt", ReportData.runtime(runtime)), Html.tag("dd", generation));
  }
}
