package org.unlearn4j.data;

/**
 * The beginning of a passage and how it goes on, word for word, white space between them included.
 *
 * @param source the file or resource it was read from
 * @param line its line there, counted from 1
 */
public record Excerpt(String prompt, String continuation, String source, int line) {

  /** For messages. */
  public String place() {
    return source + ", line " + line;
  }
}
