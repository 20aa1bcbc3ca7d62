package org.unlearn4j.unlearn;

/** How the labelled tokens of a row become one vector. */
public enum RowPooling {
  /** Their mean. */
  MEAN,
  /** The last of them. */
  LAST
}
