package org.unlearn4j.nn;

import java.util.List;

/**
 * Rotary position embedding (Su et al. 2021) in the half-split layout: feature i of a head turns
 * together with feature {@code i + rotated/2}; features from {@code rotated} on pass through.
 *
 * @param inverseFrequencies radians a position, {@code [rotated / 2]}, after any rescaling
 * @param magnitude by which turned features are multiplied, 1 for nearly everybody
 */
public record Rotary(int headDim, int rotated, List<Double> inverseFrequencies, double magnitude) {

  public Rotary {
    inverseFrequencies = List.copyOf(inverseFrequencies);
  }
}
