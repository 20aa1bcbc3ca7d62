package org.unlearn4j.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.ledger.Entry;
import org.unlearn4j.ledger.History;
import org.unlearn4j.ledger.Ledger;
import org.unlearn4j.ledger.Outlook;
import org.unlearn4j.ledger.Unlearned;

/** The page of a ledger: what each request forgot, whether it holds, what utility is left. */
public final class LedgerPage {
  private final String name;
  private final Ledger ledger;
  private final History history;
  private final List<String> open;
  private final Limits limits;

  /**
   * What the user set.
   *
   * @param utilityMin share of the first model's utility below which full retraining is due
   * @param hold how far a forget probability may rise over what it was after its own request
   */
  public record Limits(double utilityMin, double hold) {}

  private LedgerPage(String name, Ledger ledger, List<String> open, Limits limits) {
    this.name = name;
    this.ledger = ledger;
    this.history = ledger.history();
    this.open = List.copyOf(open);
    this.limits = limits;
  }

  /**
   * Writes the page, whole or not at all.
   *
   * @param name of the folder of requests
   * @param open requests that have not been run
   */
  public static void write(Path out, String name, Ledger ledger, List<String> open, Limits limits) {
    AtomicFiles.writeString(out, new LedgerPage(name, ledger, open, limits).page());
  }

  private String page() {
    List<Section> sections = new ArrayList<>(List.of(requests()));
    if (!history.steps().isEmpty()) {
      sections.add(utility());
      sections.add(holding());
    }
    sections.add(records());
    Html main =
        Html.tag("main")
            .add(
                Html.tag("header")
                    .add(Html.tag("p", "Deletion requests").css("kicker"))
                    .add(Html.tag("h1", name))
                    .add(Html.tag("p", "last record " + ledger.last()).css("subtitle")))
            .add(verdict())
            .add(Page.contents(sections))
            .add(sections.stream().map(Section::body).toList());
    return Page.of(name + " – deletion requests", main);
  }

  private Map<String, Map<String, Double>> now() {
    return history.inUse().map(s -> s.what().checks()).orElse(Map.of());
  }

  private static Double probability(Map<String, Map<String, Double>> checks, String request) {
    return checks.getOrDefault(request, Map.of()).get(History.HELD_BY);
  }

  private Html verdict() {
    if (history.steps().isEmpty()) {
      return Html.tag("div")
          .css("verdict open")
          .add(Html.tag("strong", "No request has been forgotten yet"))
          .add(Html.tag("p", open.size() + " waiting."));
    }
    List<String> risen = history.risen(now(), limits.hold);
    Outlook outlook = Outlook.of(history.utility(), limits.utilityMin);
    boolean good = risen.isEmpty() && !outlook.due();
    String title =
        !risen.isEmpty()
            ? "Not every request holds"
            : outlook.due() ? "Full retraining is due" : "Every request holds";
    Html box =
        Html.tag("div").css(good ? "verdict pass" : "verdict fail").add(Html.tag("strong", title));
    if (!risen.isEmpty()) {
      box.add(
          Html.tag(
              "p",
              "More than "
                  + limits.hold
                  + " over what it was after its own request: "
                  + String.join(", ", risen)
                  + "."));
    }
    return box.add(Html.tag("p", outlook.sentence()));
  }

  private Section requests() {
    List<Html> headings =
        List.of(
            Tables.words("request"),
            Tables.words("stands"),
            Tables.words("since"),
            Tables.words("forget probability after its run").css("number"),
            Tables.words("now").css("number"),
            Tables.words("holds"),
            Tables.words("rows"));
    List<Html> rows = new ArrayList<>();
    history.requests().forEach((request, standing) -> rows.add(row(request, standing)));
    for (String request : open) {
      if (!history.requests().containsKey(request)) {
        rows.add(
            Html.tag("tr")
                .add(Html.tag("th", request).attr("scope", "row"))
                .add(Tables.cell("new"), Tables.cell("–"), Tables.nothing(), Tables.nothing())
                .add(Tables.cell("–"), Tables.cell("in the clear")));
      }
    }
    Section section = Section.of("requests", "Requests", "Requests");
    if (rows.isEmpty()) {
      return section.add(Html.tag("p", "There is none.").css("absent"));
    }
    return section.add(Tables.sortable(headings, rows));
  }

  private Html row(String request, History.Standing standing) {
    Optional<History.Step> step = history.step(request);
    Double was = step.map(s -> probability(s.what().checks(), request)).orElse(null);
    Double is = step.isPresent() ? probability(now(), request) : null;
    String holds = is == null || was == null ? "–" : is <= was + limits.hold ? "yes" : "no";
    if (standing.notCheckable().isPresent()) {
      holds = "not checkable since " + standing.notCheckable().get();
    }
    String rows =
        standing.notCheckable().isPresent()
            ? "keyed hashes"
            : standing.sealed().isPresent() ? "encrypted" : "in the clear";
    return Html.tag("tr")
        .add(Html.tag("th", request).attr("scope", "row"))
        .add(Tables.cell(standing.state().name().toLowerCase(Locale.ROOT).replace('_', ' ')))
        .add(Tables.cell(standing.since()))
        .add(number(was), number(is), Tables.cell(holds), Tables.cell(rows));
  }

  private static Html number(Double value) {
    return value == null || value.isNaN() ? Tables.nothing() : Tables.number(value);
  }

  private Section utility() {
    LinePlot.Line line = new LinePlot.Line("utility", 0, history.utility());
    String svg =
        LinePlot.svg(
            new LinePlot.Frame(
                "Utility after each run", "runs", "share of the first model's utility"),
            List.of(line),
            List.of(new LinePlot.Level("limit " + limits.utilityMin, limits.utilityMin)));
    return Section.of("utility", "Utility", "Utility that is left")
        .add(Html.tag("p", Outlook.of(history.utility(), limits.utilityMin).sentence()))
        .add(figure(svg));
  }

  private Section holding() {
    Map<String, LinePlot.Line> lines = new LinkedHashMap<>();
    List<History.Step> steps = history.steps();
    for (int i = 0; i < steps.size(); i++) {
      for (String request : steps.get(i).what().names()) {
        List<Double> values = new ArrayList<>();
        for (History.Step later : steps.subList(i, steps.size())) {
          Double value = probability(later.what().checks(), request);
          values.add(value == null ? Double.NaN : value);
        }
        lines.put(request, new LinePlot.Line(request, i + 1, values));
      }
    }
    String svg =
        LinePlot.svg(
            new LinePlot.Frame(
                "Forget probability of each request after each later run",
                "runs",
                "mean probability of the answers"),
            List.copyOf(lines.values()),
            List.of());
    return Section.of("holding", "Holding", "Whether earlier requests still hold")
        .add(Html.tag("p", "Measured on the deployed file after every run."))
        .add(figure(svg));
  }

  private static Html figure(String svg) {
    return Html.tag("figure")
        .css("wide")
        .raw(
            svg.substring(svg.indexOf("<svg"))
                .replace(" xmlns=\"http://www.w3.org/2000/svg\"", "")
                .replace(Ink.TEXT.standalone(), "var(--" + Ink.TEXT.variable() + ")"));
  }

  private Section records() {
    List<Html> headings = new ArrayList<>();
    for (String word : List.of("record", "time", "kind", "requests", "gates", "seconds", "hash")) {
      headings.add(Tables.words(word));
    }
    List<Html> rows = new ArrayList<>();
    for (Entry entry : ledger.entries()) {
      boolean run = entry.kind() == Entry.Kind.UNLEARNED || entry.kind() == Entry.Kind.REFUSED;
      Optional<Unlearned> what =
          run ? Optional.of(Unlearned.of(entry.content())) : Optional.empty();
      List<String> names = new ArrayList<>(what.map(Unlearned::names).orElse(List.of()));
      entry.content().path("requests").forEach(n -> addText(names, n.asText()));
      addText(names, entry.content().path("request").asText());
      rows.add(
          Html.tag("tr")
              .add(Tables.number(entry.number()))
              .add(Tables.cell(entry.at()), Tables.cell(entry.kind().spelling()))
              .add(Tables.cell(String.join(", ", names)))
              .add(Tables.cell(what.map(w -> w.pass() ? "hold" : "do not hold").orElse("–")))
              .add(what.map(w -> Tables.number(w.seconds())).orElseGet(Tables::nothing))
              .add(Tables.cell(entry.hash().substring(0, 16))));
    }
    return Section.of("records", "Records", "The ledger")
        .add(
            Html.tag(
                "p",
                "Each record holds the hash of the one before. A tail that was cut off shows only"
                    + " against a signature or a last hash that is kept elsewhere."))
        .add(Tables.sortable(headings, rows));
  }

  private static void addText(List<String> names, String name) {
    if (!name.isEmpty()) {
      names.add(name);
    }
  }
}
