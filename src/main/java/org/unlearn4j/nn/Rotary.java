package org.unlearn4j.nn;

import java.util.List;
import java.util.Optional;

/**
 * Rotary position embedding (Su et al. 2021) in the half-split layout: feature i of a head turns
 * together with feature {@code i + rotated/2}; features from {@code rotated} on pass through.
 *
 * @param inverseFrequencies radians a position, {@code [rotated / 2]}, after any rescaling
 * @param magnitude by which turned features are multiplied, 1 for nearly everybody
 * @param longer other frequencies for long sequences
 */
public record Rotary(
    int headDim,
    int rotated,
    List<Double> inverseFrequencies,
    double magnitude,
    Optional<Longer> longer) {

  /**
   * Frequencies of a sequence that is longer than the first training's, at all of its positions
   * (LongRoPE, Ding et al. 2024). Keys that were turned before a sequence grew so long do not go
   * with queries after that.
   *
   * @param after longest sequence, in tokens without padding, for which the others hold
   * @param inverseFrequencies radians a position, {@code [rotated / 2]}
   */
  public record Longer(int after, List<Double> inverseFrequencies) {
    public Longer {
      inverseFrequencies = List.copyOf(inverseFrequencies);
    }
  }

  public Rotary {
    inverseFrequencies = List.copyOf(inverseFrequencies);
  }

  /** The same frequencies at any length. */
  public Rotary(int headDim, int rotated, List<Double> inverseFrequencies, double magnitude) {
    this(headDim, rotated, inverseFrequencies, magnitude, Optional.empty());
  }
}
