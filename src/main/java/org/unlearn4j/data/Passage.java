package org.unlearn4j.data;

/**
 * A text that is known, or not, as a whole: an article, a chapter.
 *
 * @param source the file or resource it was read from
 * @param line its line there, counted from 1
 */
public record Passage(String text, String source, int line) implements DataRow {

  /** For messages: {@code forget.json, element 3, line 1}. */
  @Override
  public String place() {
    return source + ", line " + line;
  }
}
