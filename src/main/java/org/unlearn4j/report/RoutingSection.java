package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.eval.Routing;

/** How many tokens of a mixture of experts go elsewhere after unlearning, block by block. */
final class RoutingSection {
  private static final List<String> SETS = List.of("forget", "retain");

  private RoutingSection() {}

  static Optional<Section> section(ReportData data) {
    List<ReportData.Measured> measured =
        data.evaluations().stream()
            .filter(m -> m.role() == ReportData.Role.UNLEARNED && changed(m.result()))
            .toList();
    if (measured.isEmpty()) {
      return Optional.empty();
    }
    Section section = Section.of("routing", "Routing", "Where tokens go");
    section.add(
        Html.tag(
            "p",
            "A router sends each token to a few experts. These are the shares of tokens that go"
                + " to other experts than before unlearning, prompts included."));
    for (ReportData.Measured m : measured) {
      section.add(Html.tag("h3", m.runtime()), table(m.result()));
    }
    return Optional.of(section);
  }

  private static boolean changed(EvaluationResult result) {
    return result.routing().values().stream().anyMatch(r -> r.mean(Routing.CHANGED).isPresent());
  }

  private static Html table(EvaluationResult result) {
    List<Html> headings = new ArrayList<>(List.of(Tables.words("block")));
    for (String set : SETS) {
      for (String measure : Routing.OF_CHANGE) {
        headings.add(
            Html.tag("span")
                .css("number")
                .add(measure.replace('_', ' '))
                .add(Html.tag("small", set + " rows")));
      }
      headings.add(
          Html.tag("span")
              .css("number")
              .add("busiest expert")
              .add(Html.tag("small", set + " rows")));
    }
    List<Html> rows = new ArrayList<>();
    for (String block : result.routing().values().iterator().next().byLayer().keySet()) {
      Html row = heading(block);
      for (String set : SETS) {
        Routing.Layer layer = layer(result, set, block);
        Routing.OF_CHANGE.forEach(m -> row.add(cell(Optional.ofNullable(layer.change().get(m)))));
        row.add(busiest(layer));
      }
      rows.add(row);
    }
    Html mean = heading("mean");
    for (String set : SETS) {
      Routing routing = result.routing().getOrDefault(set, new Routing(Map.of()));
      Routing.OF_CHANGE.forEach(m -> mean.add(cell(routing.mean(m))));
      mean.add(Tables.nothing());
    }
    rows.add(mean);
    return Tables.sortable(headings, rows);
  }

  private static Routing.Layer layer(EvaluationResult result, String set, String block) {
    Routing.Layer none = new Routing.Layer(Map.of(), List.of(), List.of());
    return result
        .routing()
        .getOrDefault(set, new Routing(Map.of()))
        .byLayer()
        .getOrDefault(block, none);
  }

  private static Html heading(String block) {
    return Html.tag("tr").add(Html.tag("th", block).attr("scope", "row"));
  }

  private static Html cell(Optional<Double> value) {
    return value.map(Tables::number).orElseGet(Tables::nothing);
  }

  /** The largest load after, and that expert's load before; all loads where one points. */
  private static Html busiest(Routing.Layer layer) {
    int most = 0;
    for (int e = 1; e < layer.load().size(); e++) {
      most = layer.load().get(e) > layer.load().get(most) ? e : most;
    }
    if (layer.load().isEmpty()) {
      return Tables.nothing();
    }
    Html cell = Tables.number(layer.load().get(most)).attr("title", all(layer.load()));
    return layer.loadBefore().isEmpty()
        ? cell
        : cell.add(
            Html.tag(
                "small",
                "no. " + most + ", before " + Numbers.pretty(layer.loadBefore().get(most))));
  }

  private static String all(List<Double> load) {
    return load.stream().map(Numbers::pretty).collect(Collectors.joining(", "));
  }
}
