package org.unlearn4j.unlearn;

/** Which rows of the step's one batch are which; they stand in this order. */
public enum Segment {
  FORGET,
  /** The augmented view of the forget rows, row by row. */
  POSITIVE,
  RETAIN,
  /** The forget prompts with other answers. */
  ALTERNATE;

  /** The name in input files and graphs. */
  public String key() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
