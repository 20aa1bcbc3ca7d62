package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Metric;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.parity.Verdict;
import org.unlearn4j.report.Comparison.Row;
import org.unlearn4j.report.Comparison.Run;
import org.unlearn4j.report.ReportData.Role;

/** A comparison as a page. */
final class ComparisonPage {
  private ComparisonPage() {}

  static String of(Comparison comparison) {
    List<Section> sections =
        Stream.of(
                picture(comparison),
                settings(comparison),
                metrics(comparison),
                features(comparison))
            .flatMap(Optional::stream)
            .toList();
    String names = String.join(", ", comparison.runs().stream().map(Run::name).toList());
    Html main =
        Html.tag("main")
            .add(
                Html.tag("header")
                    .add(Html.tag("p", "Unlearning runs side by side").css("kicker"))
                    .add(Html.tag("h1", comparison.runs().size() + " runs")))
            .add(overview(comparison));
    comparison.cautions().forEach(c -> main.add(Html.tag("p", c).css("caution")));
    main.add(Page.contents(sections)).add(sections.stream().map(Section::body).toList());
    return Page.of(names + " – unlearning runs", main);
  }

  /** A card a run: its verdict and the two numbers that are traded against each other. */
  private static Html overview(Comparison comparison) {
    Html cards = Html.tag("div").css("cards");
    for (Run run : comparison.runs()) {
      Html card = Html.tag("div").css("card").add(Html.tag("span", run.name()).css("name run"));
      card.add(verdict(run));
      for (Metric metric :
          List.of(Metric.FORGET_PROB, Metric.FORGET_QUALITY, Metric.MODEL_UTILITY)) {
        run.data()
            .unlearned()
            .metric(metric.key())
            .ifPresent(
                v ->
                    card.add(
                        Html.tag("span", metric.key().replace('_', ' ') + " " + Numbers.pretty(v))
                            .css("below")));
      }
      cards.add(card);
    }
    return cards;
  }

  private static Html verdict(Run run) {
    if (run.data().verdict().isEmpty()) {
      return Html.tag("span", "not verified").css("outcome");
    }
    Verdict verdict = run.data().verdict().get();
    List<ParityResult> results = verdict.results();
    long gates = results.stream().mapToLong(r -> r.gates().size()).sum();
    return verdict.pass()
        ? Html.tag("span", "✓ verified, " + gates + " gates").css("outcome holds")
        : Html.tag("span", "✗ " + verdict.failures().size() + " of " + gates + " gates fail")
            .css("outcome fails");
  }

  /** Utility over forgetting, a point a run; nothing where no run has both. */
  private static Optional<Section> picture(Comparison comparison) {
    List<ArrowPlot.Arrow> points = new ArrayList<>();
    for (Run run : comparison.runs()) {
      place(run.data().unlearned())
          .ifPresent(end -> points.add(new ArrowPlot.Arrow(run.name(), end, Optional.empty())));
    }
    if (points.isEmpty()) {
      return Optional.empty();
    }
    List<ArrowPlot.Mark> marks = new ArrayList<>();
    for (Role role : List.of(Role.TARGET, Role.RETAIN_ONLY)) {
      List<ArrowPlot.End> places =
          comparison.runs().stream()
              .flatMap(run -> run.of(role).flatMap(ComparisonPage::place).stream())
              .distinct()
              .toList();
      places.forEach(p -> marks.add(new ArrowPlot.Mark(role.label(), p.x(), p.y())));
    }
    String svg =
        ArrowPlot.svg(
            new ArrowPlot.Frame(
                "model utility of each run over how much it forgot",
                "forgetting: 1 − probability of the forget answers",
                "model utility",
                "upper right is better, as far as the retain-only model"),
            points,
            marks);
    return Optional.of(
        Section.of("picture", "Picture", "Utility and forgetting")
            .add(
                Html.tag("figure")
                    .css("wide")
                    .raw(
                        svg.substring(svg.indexOf("<svg"))
                            .replace(" xmlns=\"http://www.w3.org/2000/svg\"", "")
                            .replace(
                                Ink.TEXT.standalone(), "var(--" + Ink.TEXT.variable() + ")"))));
  }

  private static Optional<ArrowPlot.End> place(EvaluationResult result) {
    OptionalDouble forget = result.metric(Metric.FORGET_PROB.key());
    OptionalDouble utility = result.metric(Metric.MODEL_UTILITY.key());
    boolean drawn =
        Double.isFinite(forget.orElse(Double.NaN)) && Double.isFinite(utility.orElse(Double.NaN));
    return drawn
        ? Optional.of(new ArrowPlot.End(1 - forget.orElseThrow(), utility.orElseThrow(), 0, 0))
        : Optional.empty();
  }

  private static Optional<Section> settings(Comparison comparison) {
    Map<String, List<String>> differing = comparison.differing();
    if (differing.isEmpty()) {
      return Optional.empty();
    }
    List<Html> headings = new ArrayList<>(List.of(Tables.words("setting")));
    comparison.runs().forEach(run -> headings.add(Tables.words(run.name())));
    List<Html> rows = new ArrayList<>();
    differing.forEach(
        (name, values) -> {
          Html row = Html.tag("tr").add(Html.tag("th").attr("scope", "row").add(Tables.name(name)));
          values.forEach(v -> row.add(v == null ? Tables.cell("–") : Tables.cell(v)));
          rows.add(row);
        });
    return Optional.of(
        Section.of("settings", "Settings", "Settings that differ")
            .add(Tables.sortable(headings, rows)));
  }

  private static Optional<Section> metrics(Comparison comparison) {
    List<Row> metrics = comparison.metrics();
    List<Row> first = metrics.stream().filter(r -> !Attacks.isMembership(r.name())).toList();
    List<Row> attacks = metrics.stream().filter(r -> Attacks.isMembership(r.name())).toList();
    if (metrics.isEmpty()) {
      return Optional.empty();
    }
    Section section =
        Section.of("metrics", "Metrics", "Metrics of the unlearned models")
            .add(
                Html.tag(
                    "p",
                    "The best of a row is green and bold; where the retain-only model is the measure, that"
                        + " is the run nearest to its own one."));
    if (!first.isEmpty()) {
      section.add(table(comparison, first));
    }
    if (!attacks.isEmpty()) {
      section.add(Html.tag("h3", "Membership attacks"), table(comparison, attacks));
    }
    return Optional.of(section);
  }

  private static Optional<Section> features(Comparison comparison) {
    List<Row> rows = comparison.features();
    return rows.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Section.of("features", "Features", "Features at the last block")
                .add(table(comparison, rows)));
  }

  private static Html table(Comparison comparison, List<Row> rows) {
    List<Run> runs = comparison.runs();
    List<Html> headings = new ArrayList<>(List.of(Tables.words("metric"), Tables.words("better")));
    List<Role> shared =
        Stream.of(Role.TARGET, Role.RETAIN_ONLY).filter(role -> same(runs, role, rows)).toList();
    shared.forEach(role -> headings.add(Tables.words(role.label()).css("number")));
    runs.forEach(run -> headings.add(Tables.words(run.name()).css("number")));
    List<Html> lines = new ArrayList<>();
    for (Row row : rows) {
      Html line =
          Html.tag("tr")
              .add(
                  Html.tag("th")
                      .attr("scope", "row")
                      .add(Tables.name(row.name()))
                      .add(
                          row.info().map(i -> Html.tag("small", i.meaning())).orElse(Html.group())))
              .add(
                  Tables.cell(row.info().map(MetricSection::direction).orElse(""))
                      .css("direction"));
      shared.forEach(role -> line.add(number(runs.get(0).of(role), row.name())));
      IntStream.range(0, runs.size()).forEach(i -> line.add(cell(row, i)));
      lines.add(line);
    }
    return Tables.sortable(headings, lines);
  }

  /** Whether a model's numbers are the same in all runs, and one column says them. */
  private static boolean same(List<Run> runs, Role role, List<Row> rows) {
    Optional<EvaluationResult> first = runs.get(0).of(role);
    return first.isPresent()
        && rows.stream().anyMatch(row -> first.get().metric(row.name()).isPresent())
        && runs.stream()
            .allMatch(
                run ->
                    run.of(role)
                        .filter(
                            r ->
                                rows.stream()
                                    .allMatch(
                                        row ->
                                            r.metric(row.name())
                                                .equals(first.get().metric(row.name()))))
                        .isPresent());
  }

  private static Html number(Optional<EvaluationResult> result, String name) {
    OptionalDouble value = result.map(r -> r.metric(name)).orElse(OptionalDouble.empty());
    return value.isPresent() ? Tables.number(value.getAsDouble()) : Tables.nothing();
  }

  private static Html cell(Row row, int run) {
    double value = row.values().get(run);
    if (Double.isNaN(value)) {
      return Tables.nothing();
    }
    Html cell = Tables.number(value);
    return row.best().contains(run)
        ? cell.css("number best").add(Html.tag("span", " best").css("unseen"))
        : cell;
  }
}
