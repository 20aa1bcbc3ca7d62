package org.unlearn4j.onnx;

import org.unlearn4j.nn.Parameter;

/**
 * A model's parameter, and where a file has it.
 *
 * @param parameter a vector counts as one row
 * @param trained the name of its values in the checkpoint: the token table's for a tied head
 * @param turned whether its rows are columns in the file
 * @param rowFrom first row of the stored weight that is its own: others may be beside it
 * @param columnFrom first column
 * @param plusOne whether the file has one more: gains of norms that add one to what is stored
 */
record Placed(
    Parameter parameter,
    String trained,
    StoredWeight stored,
    boolean turned,
    int rowFrom,
    int columnFrom,
    boolean plusOne) {

  /** Rows of a parameter. */
  static int rows(Parameter p) {
    return p.shape().size() < 2 ? 1 : p.dim(0);
  }

  static int columns(Parameter p) {
    return Math.toIntExact(p.size() / rows(p));
  }

  /** Of the stored weight, rows that are its own. */
  int storedRows() {
    return turned ? columns(parameter) : rows(parameter);
  }

  int storedColumns() {
    return turned ? rows(parameter) : columns(parameter);
  }
}
