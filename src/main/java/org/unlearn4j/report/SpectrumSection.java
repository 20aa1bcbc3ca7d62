package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.JsonInput;

/** How many directions carry what unlearning changed, layer by layer; {@code spectrum.json}. */
final class SpectrumSection {
  /**
   * A column of numbers.
   *
   * @param path keys of the file, one within the other
   */
  private record Column(String heading, List<String> path) {
    static Column of(String heading, String... path) {
      return new Column(heading, List.of(path));
    }

    Html cell(JsonInput row) {
      JsonInput value = row;
      for (String key : path) {
        value = value.get(key);
      }
      return value.present() ? Tables.number(value.number()) : Tables.nothing();
    }
  }

  private static final List<Column> SPREAD =
      List.of(
          Column.of("relative energy", "relative_energy"),
          Column.of("effective rank", "effective_rank"),
          Column.of("directions of 50 %", "directions_50"),
          Column.of("of 90 %", "directions_90"),
          Column.of("of 99 %", "directions_99"));

  private static final List<Column> OF_FEATURES =
      List.of(
          Column.of("inside forget directions", "inside_forget_directions"),
          Column.of("by chance", "inside_by_chance"),
          Column.of("probe, forget rows", "probe_forget"),
          Column.of("probe, retain rows", "probe_retain"));

  private static final List<Column> OF_WEIGHTS =
      List.of(
          Column.of("relearned: inside", "relearned", "inside"),
          Column.of("by chance", "relearned", "inside_by_chance"),
          Column.of("cosine towards before", "relearned", "cosine_towards_before"));

  private SpectrumSection() {}

  static Optional<Section> section(ReportData data) {
    return data.spectrum()
        .map(
            s ->
                Section.of("spectrum", "Spectrum", "How many directions changed")
                    .add(
                        Html.tag(
                            "p",
                            "Difference between the models before and after unlearning. A switch"
                                + " is one direction: an effective rank near 1, and a layer from"
                                + " which on a probe tells before from after."),
                        Html.tag("h3", "Features of forget rows"),
                        table("layer", s.get("features"), OF_FEATURES),
                        Html.tag("details")
                            .add(
                                Html.tag("summary", "Weights, matrix by matrix"),
                                table("matrix", s.get("weights"), OF_WEIGHTS))));
  }

  private static Html table(String name, JsonInput list, List<Column> own) {
    List<Column> columns = new ArrayList<>(SPREAD);
    columns.addAll(own);
    List<Html> headings = new ArrayList<>(List.of(Tables.words(name)));
    columns.forEach(c -> headings.add(Tables.words(c.heading).css("number")));
    List<Html> rows = new ArrayList<>();
    for (JsonInput line : list.required("an array").elements()) {
      Html row =
          Html.tag("tr")
              .add(Html.tag("th").attr("scope", "row").add(Tables.name(line.get(name).text())));
      columns.forEach(c -> row.add(c.cell(line)));
      rows.add(row);
    }
    return Tables.sortable(headings, rows);
  }
}
