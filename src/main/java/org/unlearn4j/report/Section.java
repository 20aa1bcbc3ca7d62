package org.unlearn4j.report;

/**
 * A part of the page.
 *
 * @param id where links lead
 * @param link its name in the contents
 * @param body the element, with its heading
 */
record Section(String id, String link, Html body) {

  /** A section with its heading. */
  static Section of(String id, String link, String title) {
    return new Section(id, link, Html.tag("section").attr("id", id).add(Html.tag("h2", title)));
  }

  /** Adds to its body. */
  Section add(Html... elements) {
    body.add(elements);
    return this;
  }
}
