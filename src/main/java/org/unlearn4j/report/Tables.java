package org.unlearn4j.report;

import java.util.List;
import java.util.Map;

/** Tables that the page can sort, each in a box that scrolls sideways on a narrow screen. */
final class Tables {
  private Tables() {}

  /** A table with headings; rows are {@code tr}. */
  static Html sortable(List<Html> headings, List<Html> rows) {
    Html head = Html.tag("tr");
    for (Html heading : headings) {
      head.add(
          Html.tag("th")
              .attr("scope", "col")
              .add(Html.tag("button").attr("type", "button").add(heading)));
    }
    return Html.tag("div")
        .css("scroll")
        .add(
            Html.tag("table")
                .css("sortable")
                .add(Html.tag("thead").add(head), Html.tag("tbody").add(rows)));
  }

  /** A heading or cell of plain words. */
  static Html words(String text) {
    return Html.tag("span", text);
  }

  /** A name with underscores, which may break behind one where a column is narrow. */
  static Html name(String text) {
    Html name = Html.group();
    int from = 0;
    for (int i = text.indexOf('_'); i >= 0; i = text.indexOf('_', from)) {
      name.add(text.substring(from, i + 1)).add(Html.tag("wbr"));
      from = i + 1;
    }
    return name.add(text.substring(from));
  }

  /** A cell with words. */
  static Html cell(String text) {
    return Html.tag("td", text);
  }

  /** A cell with a number: short to read, whole to sort and to point at. */
  static Html number(double value) {
    return Html.tag("td")
        .css("number")
        .attr("data-value", Double.toString(value))
        .attr("title", Double.toString(value))
        .add(Numbers.pretty(value));
  }

  /** An empty cell that sorts last. */
  static Html nothing() {
    return Html.tag("td", "–").css("number nothing").attr("data-value", "NaN");
  }

  /** Names and values, one below the other. */
  static Html pairs(Map<String, String> pairs) {
    Html body = Html.tag("tbody");
    pairs.forEach(
        (name, value) ->
            body.add(
                Html.tag("tr")
                    .add(Html.tag("th", name).attr("scope", "row"))
                    .add(Html.tag("td", value))));
    return Html.tag("div").css("scroll").add(Html.tag("table").css("pairs").add(body));
  }
}
