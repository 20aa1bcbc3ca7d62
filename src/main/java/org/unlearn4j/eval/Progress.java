package org.unlearn4j.eval;

/** Told how far a long measurement is. */
@FunctionalInterface
public interface Progress {
  /** Tells nobody. */
  Progress NONE = (stage, done, total) -> {};

  /**
   * Called after every batch.
   *
   * @param stage what is going on, for instance {@code score}
   * @param done rows done so far
   * @param total rows of this stage
   */
  void update(String stage, int done, int total);
}
