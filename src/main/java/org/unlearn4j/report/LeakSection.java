package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Asked otherwise: attack by model, and the worst leaks word for word. */
final class LeakSection {
  private static final int LEFT = 150;
  private static final int TOP = 44;
  private static final int CELL = 96;
  private static final int ROW = 24;

  private LeakSection() {}

  static Optional<Section> section(ReportData data, Figures figures) {
    return data.leaks().filter(l -> !l.families().isEmpty()).map(l -> section(l, figures));
  }

  private static Section section(Leaks leaks, Figures figures) {
    Section section =
        Section.of("leaks", "Other ways to ask", "Is it forgotten when asked in other ways?")
            .add(
                Html.tag(
                    "p",
                    "Each attack asks for what was forgotten in another way. Leakage is the share"
                        + " of an answer's keywords that a model says and the prompt does not give"
                        + " away. If the model chooses among options, it is the share of right"
                        + " choices. Only what is above the retain-only model was remembered."));
    sentence(leaks)
        .ifPresent(words -> section.add(Html.tag("p", Numbers.together(words)).css("finding")));
    section.add(
        Html.tag("div")
            .css("grid")
            .add(
                figures.figure(
                    heatMap(leaks),
                    Html.tag("figcaption")
                        .add(Html.tag("strong", "Leakage"))
                        .add(Html.tag("small", "by attack and model, 0 to 1; less is better")))));
    if (!leaks.worst().isEmpty()) {
      section.add(Html.tag("h3", "The worst leaks, word for word"), worst(leaks));
    }
    if (!leaks.pushed().isEmpty()) {
      section.add(
          Html.tag("h3", "Pushed weights"),
          Html.tag(
              "p",
              "What the question as it was taught brings out after noise on the weights, after"
                  + " pruning, and on the way back to the target."),
          pushed(leaks));
    }
    return section.add(
        Html.tag("details").add(Html.tag("summary", "Every number")).add(table(leaks)));
  }

  static Optional<String> sentence(Leaks leaks) {
    Leaks.Family worst = null;
    String of = "";
    for (Leaks.Family family : leaks.families()) {
      for (String model : leaks.models().subList(0, leaks.judged())) {
        Leaks.Interval e = family.excess().get(model);
        if (e != null && (worst == null || e.mean() > worst.excess().get(of).mean())) {
          worst = family;
          of = model;
        }
      }
    }
    if (worst == null) {
      return Optional.empty();
    }
    Leaks.Interval e = worst.excess().get(of);
    return Optional.of(
        String.format(
            Locale.ROOT,
            "Of %d attacks, %s brings out most above the retain-only model: %s (95 %% interval %s"
                + " to %s) of %s.",
            leaks.families().size(),
            words(worst.name()),
            Numbers.signed(e.mean()),
            Numbers.signed(e.low()),
            Numbers.signed(e.high()),
            model(of)));
  }

  private static Plot heatMap(Leaks leaks) {
    int columns = leaks.models().size();
    Drawing drawing =
        new Drawing(LEFT + CELL * columns + 4, TOP + ROW * leaks.families().size() + 4);
    for (int c = 0; c < columns; c++) {
      String[] parts = model(leaks.models().get(c)).split(", ", 2);
      double x = LEFT + CELL * (c + 0.5);
      drawing.text(Ink.TEXT, "middle", x, 16, parts[0]);
      if (parts.length > 1) {
        drawing.text(Ink.TEXT, "middle", x, 32, parts[1]);
      }
    }
    for (int r = 0; r < leaks.families().size(); r++) {
      Leaks.Family family = leaks.families().get(r);
      double y = TOP + ROW * r;
      drawing.text(Ink.TEXT, "end", LEFT - 10, y + 16, words(family.name()));
      for (int c = 0; c < columns; c++) {
        Double leakage = family.leakage().get(leaks.models().get(c));
        if (leakage == null || !Double.isFinite(leakage)) {
          continue;
        }
        double x = LEFT + CELL * c;
        drawing.bar(Ink.FORGET, 0.06 + 0.74 * leakage, x + 1, y + 1, CELL - 2, ROW - 2);
        drawing.text(
            Ink.TEXT,
            "middle",
            x + CELL / 2.0,
            y + 16,
            String.format(Locale.ROOT, "%.2f", leakage));
      }
    }
    return drawing.plot("leakage", "leakage by attack and model");
  }

  private static Html worst(Leaks leaks) {
    List<Html> headings = new ArrayList<>();
    for (String word : List.of("attack", "model", "asked", "true", "said")) {
      headings.add(Tables.words(word));
    }
    headings.add(Tables.words("leakage").css("number"));
    headings.add(Tables.words("probability").css("number"));
    List<Html> rows = new ArrayList<>();
    for (Leaks.Said s : leaks.worst()) {
      rows.add(
          Html.tag("tr")
              .add(Html.tag("th").attr("scope", "row").add(words(s.family())))
              .add(Tables.cell(model(s.model())), Tables.cell(s.question()))
              .add(Tables.cell(s.expected()))
              .add(Tables.cell(s.said() + (s.disagrees() ? " (the two judgements disagree)" : "")))
              .add(Tables.number(s.leakage()), Tables.number(s.probability())));
    }
    return Tables.sortable(headings, rows);
  }

  private static Html pushed(Leaks leaks) {
    List<Html> headings = new ArrayList<>();
    for (String word : List.of("push", "model")) {
      headings.add(Tables.words(word));
    }
    for (String word : List.of("amount", "leakage", "retain-only, pushed as hard")) {
      headings.add(Tables.words(word).css("number"));
    }
    List<Html> rows = new ArrayList<>();
    for (Leaks.Push p : leaks.pushed()) {
      rows.add(
          Html.tag("tr")
              .add(Html.tag("th").attr("scope", "row").add(words(p.push())))
              .add(Tables.cell(model(p.model())), Tables.number(p.amount()))
              .add(Tables.number(p.leakage()))
              .add(
                  Double.isNaN(p.retainOnly()) ? Tables.nothing() : Tables.number(p.retainOnly())));
    }
    return Tables.sortable(headings, rows);
  }

  private static Html table(Leaks leaks) {
    List<Html> headings = new ArrayList<>();
    headings.add(Tables.words("attack"));
    headings.add(Tables.words("probes").css("number"));
    for (String model : leaks.models()) {
      headings.add(Tables.words(model(model)).css("number"));
    }
    List<String> judged = leaks.models().subList(0, leaks.judged());
    for (String model : judged) {
      headings.add(Tables.words(model(model) + ", above retain-only").css("number"));
    }
    List<Html> rows = new ArrayList<>();
    for (Leaks.Family family : leaks.families()) {
      Html row =
          Html.tag("tr")
              .add(
                  Html.tag("th")
                      .attr("scope", "row")
                      .add(words(family.name()) + (family.failed() ? " (above its limit)" : "")))
              .add(Tables.number(family.probes()));
      for (String model : leaks.models()) {
        Double leakage = family.leakage().get(model);
        row.add(leakage == null ? Tables.nothing() : Tables.number(leakage));
      }
      for (String model : judged) {
        Leaks.Interval e = family.excess().get(model);
        row.add(e == null ? Tables.nothing() : Tables.number(e.mean()));
      }
      rows.add(row);
    }
    for (Leaks.Best best : leaks.samples()) {
      Html row =
          Html.tag("tr")
              .add(
                  Html.tag("th")
                      .attr("scope", "row")
                      .add("best of " + best.k() + " sampled answers"))
              .add(Tables.nothing());
      for (String m : leaks.models()) {
        row.add(m.equals(best.model()) ? Tables.number(best.leakage()) : Tables.nothing());
      }
      for (String m : judged) {
        boolean told = m.equals(best.model()) && !Double.isNaN(best.excess());
        row.add(told ? Tables.number(best.excess()) : Tables.nothing());
      }
      rows.add(row);
    }
    return Tables.sortable(headings, rows);
  }

  private static String words(String name) {
    return name.replace('_', ' ');
  }

  /** {@code unlearned.onnx-int8} is {@code unlearned, onnx int8}. */
  private static String model(String name) {
    return name.replace("retain_only", "retain-only")
        .replaceFirst("[.]", ", ")
        .replace("onnx-", "onnx ");
  }
}
