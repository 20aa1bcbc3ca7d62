package org.unlearn4j.train;

import java.util.Map;
import java.util.function.Supplier;

/**
 * Something that is measured of the model every so often while it learns. Measuring changes nothing
 * about the training.
 *
 * @param epochs between measurements, or a part of one; 0: none
 * @param measure numbers by name
 */
public record Watch(double epochs, Supplier<Map<String, Double>> measure) {
  /** Begins the names of what was measured in the training log. */
  public static final String PREFIX = "watch_";

  /** Nothing is measured. */
  public static final Watch NONE = new Watch(0, Map::of);

  /**
   * What is seen after a step; empty where none is due.
   *
   * @param done steps so far, this one included
   * @param perEpoch steps of an epoch
   */
  Map<String, Double> after(int done, int perEpoch) {
    return due(done, perEpoch) ? measure.get() : Map.of();
  }

  /** Whether a whole multiple of {@link #epochs} lies within the step. */
  boolean due(int done, int perEpoch) {
    return epochs > 0 && parts(done, perEpoch) > parts(done - 1, perEpoch);
  }

  /** Whole parts so far; 1.1 times 10 is a little more than 11 in double precision. */
  private double parts(int done, int perEpoch) {
    return Math.floor(done / (epochs * perEpoch) + 1e-9);
  }
}
