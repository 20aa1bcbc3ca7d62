package org.unlearn4j.config;

import java.util.List;

/** Ways to push a model's weights, and how hard; docs/reference/attacks.md says how. */
public enum PushName implements Spelled {
  /** Standard deviation of Gaussian noise over a matrix's root mean square. */
  NOISE(0.1, 0.2, 0.4),
  /** Share of a matrix's smallest weights that become zero. */
  PRUNE(0.1, 0.2, 0.3, 0.4, 0.5),
  /** Share of the way from the weights to the target's: no attack, but a yardstick of distance. */
  MERGE_BACK(0.25, 0.5, 0.75, 1);

  private final List<Double> amounts;

  PushName(double... amounts) {
    this.amounts = java.util.Arrays.stream(amounts).boxed().toList();
  }

  /** How hard, ascending. */
  public List<Double> amounts() {
    return amounts;
  }

  @Override
  public String spelling() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
