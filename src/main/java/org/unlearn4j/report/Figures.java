package org.unlearn4j.report;

import java.util.ArrayList;
import java.util.List;

/** Places plots in the page and remembers them, so that each also becomes a file. */
final class Figures {
  private final boolean canChart;
  private final List<Plot> drawn = new ArrayList<>();

  /**
   * Nothing drawn yet.
   *
   * @param canChart whether the chart library finds fonts, see {@link Charts#available}
   */
  Figures(boolean canChart) {
    this.canChart = canChart;
  }

  boolean canChart() {
    return canChart;
  }

  /** All plots that were placed so far. */
  List<Plot> drawn() {
    return List.copyOf(drawn);
  }

  Html figure(Plot plot, String caption) {
    return figure(plot, Html.tag("figcaption", caption));
  }

  Html figure(Plot plot, Html caption) {
    drawn.add(plot);
    return Html.tag("figure").raw(plot.inline()).add(caption);
  }

  /** What stands where a chart would be. */
  static Html undrawn() {
    return Html.tag("p", "Not drawn: there is too little data, or this Java has no fonts.")
        .css("absent");
  }

  /** What the colours of several plots stand for. */
  static Html key(List<ReportData.Role> roles) {
    Html key = Html.tag("p").css("key");
    for (ReportData.Role role : roles) {
      key.add(Html.tag("span", role.label()).css(role.css()));
    }
    return key;
  }
}
