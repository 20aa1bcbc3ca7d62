package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.eval.Entanglement;
import org.unlearn4j.eval.MetricInfo;

/** The sections that are mostly plots; remembers every plot, so that each also becomes a file. */
final class PlotSections {
  /** A number of the training log that gets a plot. */
  private record Curve(String key, String caption, Ink ink) {}

  private static final List<Curve> CURVES =
      List.of(
          new Curve("total", "Total loss", Ink.TEXT),
          new Curve("forget", "Forget loss", Ink.FORGET),
          new Curve("retain", "Retain loss", Ink.RETAIN),
          new Curve("clreg", "CLReg", Ink.UNLEARNED),
          new Curve("grad_norm", "Gradient norm before clipping", Ink.TEXT),
          new Curve("lr", "Learning rate", Ink.TEXT));

  private final ReportData data;
  private final boolean canDraw;
  private final List<Plot> drawn = new ArrayList<>();

  PlotSections(ReportData data, boolean canDraw) {
    this.data = data;
    this.canDraw = canDraw;
  }

  /** All plots that were placed so far. */
  List<Plot> drawn() {
    return drawn;
  }

  /** Losses, gradient norm and learning rate over the steps. */
  Html training() {
    Html section = section("training", "Training");
    if (data.training().isEmpty()) {
      return section.add(absent("This run has no logs/train.jsonl."));
    }
    Html grid = Html.tag("div").css("grid plots");
    for (Curve curve : canDraw ? CURVES : List.<Curve>of()) {
      Plots.training(data, curve.key, curve.ink)
          .ifPresent(plot -> grid.add(figure(plot, curve.caption)));
    }
    section.add(Html.tag("p", steps()));
    return grid.isEmpty() ? section.add(undrawn()) : section.add(grid);
  }

  private String steps() {
    Map<String, Double> last = data.training().get(data.training().size() - 1);
    StringBuilder words = new StringBuilder();
    words.append(data.training().size()).append(" steps");
    Optional.ofNullable(last.get("tokens_per_second"))
        .ifPresent(
            v ->
                words.append(", at the end ").append(Numbers.pretty(v)).append(" tokens a second"));
    List<String> losses =
        List.of("total", "forget", "retain", "clreg").stream()
            .filter(last::containsKey)
            .map(key -> key + " " + Numbers.pretty(last.get(key)))
            .toList();
    return words
        .append(losses.isEmpty() ? "." : "; last step: " + String.join(", ", losses) + ".")
        .toString();
  }

  /** Where forget and retain rows are in the model, before and after. */
  Html features() {
    Html section = section("features", "Features");
    if (Plots.picture(data).isEmpty() && data.unlearned().entanglement().isEmpty()) {
      return section.add(absent("Features were not measured in this run."));
    }
    Plots.picture(data)
        .ifPresent(
            picture ->
                place(
                    section,
                    canDraw ? Plots.features(data) : Optional.empty(),
                    "Pooled features at layer "
                        + picture.layer()
                        + ", projected onto the first two principal components of the model before:"
                        + " faint circles before, full diamonds after."));
    if (!data.unlearned().entanglement().isEmpty()) {
      layers(section);
    }
    return section;
  }

  /** What forget and retain features share, layer by layer: a panel a measure, and the numbers. */
  private void layers(Html section) {
    Html grid = Html.tag("div").css("grid plots");
    for (LayerPlots.Panel p : canDraw ? LayerPlots.all(data) : List.<LayerPlots.Panel>of()) {
      grid.add(figure(p.plot(), p.caption()));
    }
    section.add(
        Html.tag("h3", "What forget and retain features share, layer by layer"),
        grid.isEmpty() ? undrawn() : grid,
        layerTable());
  }

  private Html layerTable() {
    Map<String, Map<String, Double>> layers = data.unlearned().entanglement();
    Set<String> measures = new LinkedHashSet<>();
    layers.values().forEach(m -> measures.addAll(m.keySet()));
    measures.removeIf(name -> name.endsWith(Entanglement.BEFORE));
    List<Html> headings = new ArrayList<>(List.of(Tables.words("layer")));
    for (String measure : measures) {
      headings.add(
          Html.tag("span")
              .css("number")
              .add(measure.replace('_', ' '))
              .add(
                  MetricInfo.of(measure)
                      .map(i -> Html.tag("small", better(i)))
                      .orElse(Html.group())));
    }
    List<Html> rows = new ArrayList<>();
    layers.forEach(
        (layer, values) -> {
          Html row =
              Html.tag("tr").add(Html.tag("th", layer.replace('_', ' ')).attr("scope", "row"));
          measures.forEach(measure -> row.add(cell(values, measure)));
          rows.add(row);
        });
    return Tables.sortable(headings, rows);
  }

  /** The value after, and below it the value before. */
  private static Html cell(Map<String, Double> values, String measure) {
    if (!values.containsKey(measure)) {
      return Tables.nothing();
    }
    Html cell = Tables.number(values.get(measure));
    Double before = values.get(measure + Entanglement.BEFORE);
    return before == null ? cell : cell.add(Html.tag("small", "before " + Numbers.pretty(before)));
  }

  private static String better(MetricInfo info) {
    return info.direction() == MetricInfo.Direction.LOWER ? "↓ lower" : "↑ higher";
  }

  /** How probable wrong answers are beside right ones on the forget set. */
  Html truthRatios() {
    Html section = section("truth-ratios", "Truth ratios of the forget set");
    Optional<Plot> plot = canDraw ? Plots.truthRatios(data) : Optional.empty();
    if (canDraw && plot.isEmpty()) {
      return section.add(absent("The forget set has no wrong answers to compare with."));
    }
    place(
        section,
        plot,
        "Probability of wrong answers over that of the right one. Forget quality asks whether the"
            + " unlearned model’s distribution is the retain-only model’s.");
    return section;
  }

  private void place(Html section, Optional<Plot> plot, String caption) {
    section.add(plot.map(p -> figure(p, caption)).orElseGet(PlotSections::undrawn));
  }

  private Html figure(Plot plot, String caption) {
    drawn.add(plot);
    return Html.tag("figure")
        .add(Html.tag("div").css("scroll").raw(plot.inline()))
        .add(Html.tag("figcaption", caption));
  }

  private static Html section(String id, String title) {
    return Html.tag("section").attr("id", id).add(Html.tag("h2", title));
  }

  private static Html absent(String sentence) {
    return Html.tag("p", sentence).css("absent");
  }

  private static Html undrawn() {
    return absent("Not drawn: there is too little data, or this Java has no fonts.");
  }
}
