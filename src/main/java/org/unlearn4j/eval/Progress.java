package org.unlearn4j.eval;

/** Told how far a long measurement is. */
@FunctionalInterface
public interface Progress {
  /** Tells nobody. */
  Progress NONE = (stage, done, total) -> {};

  /**
   * Called before the first batch of a stage.
   *
   * @param done rows that an earlier run has done
   */
  default void begin(String stage, int done, int total) {}

  /**
   * Called after every batch.
   *
   * @param stage what is going on, for instance {@code score}
   * @param done rows done so far
   * @param total rows of this stage
   */
  void update(String stage, int done, int total);

  /**
   * Called after every batch by whoever knows better than by rows how far it is: rows of unlike
   * length are unlike work.
   *
   * @param share of the work that is done, in tokens, 0 to 1
   */
  default void update(String stage, int done, int total, double share) {
    update(stage, done, total);
  }
}
