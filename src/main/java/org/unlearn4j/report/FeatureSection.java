package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.eval.Entanglement;
import org.unlearn4j.eval.MetricInfo;

/** Where forget and retain rows are in the model, and what they share, before and after. */
final class FeatureSection {
  private FeatureSection() {}

  static Optional<Section> section(ReportData data, Figures figures) {
    boolean measured = !data.unlearned().entanglement().isEmpty();
    if (Plots.picture(data).isEmpty() && !measured) {
      return Optional.empty();
    }
    Section section = Section.of("features", "Features", "Inside the model");
    Plots.picture(data)
        .ifPresent(
            picture ->
                section.add(
                    Html.tag("h3", "Forget and retain features in a plane"),
                    (figures.canChart() ? Plots.features(data) : Optional.<Plot>empty())
                        .map(
                            plot ->
                                figures
                                    .figure(
                                        plot,
                                        "Pooled features at layer "
                                            + picture.layer()
                                            + ", projected onto the first two principal components"
                                            + " of the model before: faint circles before, full"
                                            + " diamonds after.")
                                    .css("wide"))
                        .orElseGet(Figures::undrawn)));
    if (measured) {
      layers(data, figures, section);
    }
    return Optional.of(section);
  }

  /** What forget and retain features share, layer by layer: a panel a measure, and the numbers. */
  private static void layers(ReportData data, Figures figures, Section section) {
    Html grid = Html.tag("div").css("grid plots");
    for (LayerPlots.Panel p :
        figures.canChart() ? LayerPlots.all(data) : List.<LayerPlots.Panel>of()) {
      grid.add(figures.figure(p.plot(), p.caption()));
    }
    section.add(
        Html.tag("h3", "What forget and retain features share, layer by layer"),
        grid.isEmpty() ? Figures.undrawn() : grid,
        Html.tag("details").add(Html.tag("summary", "The numbers"), table(data)));
  }

  private static Html table(ReportData data) {
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
}
