package org.unlearn4j.config;

/**
 * One entry of the pipeline file; its type says what is read under it.
 *
 * @param path dotted, for instance {@code unlearn.objective.beta}
 * @param fallback what holds where the file says nothing
 * @param doc one line for the documentation
 */
public record Key<T>(String path, ValueType<T> type, Fallback<T> fallback, String doc) {
  /** The path of the block that holds this key; empty at the top of the file. */
  String section() {
    return path.contains(".") ? path.substring(0, path.lastIndexOf('.')) : "";
  }

  /** The last part of the path. */
  public String name() {
    return path.substring(path.lastIndexOf('.') + 1);
  }
}
