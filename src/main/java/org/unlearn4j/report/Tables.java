package org.unlearn4j.report;

import java.util.List;
import java.util.Map;

/** Tables that the page can sort, each in a box that scrolls sideways on a narrow screen. */
final class Tables {
  private Tables() {}

  /**
   * A table with headings; rows are {@code tr}. It can be read as it is; the script turns headings
   * into buttons.
   */
  static Html sortable(List<Html> headings, List<Html> rows) {
    Html head = Html.tag("tr");
    for (Html heading : headings) {
      head.add(Html.tag("th").attr("scope", "col").attr("aria-sort", "none").add(heading));
    }
    return Html.tag("div")
        .css("scroll")
        .attr("tabindex", "0") // what scrolls must be reachable by keyboard
        .attr("role", "region")
        .attr("aria-label", "table")
        .add(
            Html.tag("table")
                .css("sortable")
                .add(Html.tag("thead").add(head), Html.tag("tbody").add(rows)));
  }

  /** A heading or cell of plain words. */
  static Html words(String text) {
    return Html.tag("span", text);
  }

  /** A name with underscores or dots, which may break behind one where a column is narrow. */
  static Html name(String text) {
    Html name = Html.group();
    int from = 0;
    for (int i = 0; i < text.length() - 1; i++) {
      if (text.charAt(i) == '_' || text.charAt(i) == '.') {
        name.add(text.substring(from, i + 1)).add(Html.tag("wbr"));
        from = i + 1;
      }
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
                    .add(Html.tag("th").attr("scope", "row").add(name(name)))
                    .add(Html.tag("td", value))));
    return Html.tag("div").css("scroll").add(Html.tag("table").css("pairs").add(body));
  }
}
