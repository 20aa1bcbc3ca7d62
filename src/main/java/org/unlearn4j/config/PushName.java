package org.unlearn4j.config;

import java.util.List;
import java.util.Locale;

/** Ways to push a model's weights, and how hard; docs/reference/attacks.md says how. */
public enum PushName implements Spelled {
  /** Standard deviation of Gaussian noise over a matrix's root mean square. */
  NOISE,
  /** Share of a matrix's smallest weights that become zero. */
  PRUNE,
  /** Share of the way from the weights to the target's: no attack, but a yardstick of distance. */
  MERGE_BACK;

  /** How hard, ascending. */
  public List<Double> amounts() {
    return switch (this) {
      case NOISE -> List.of(0.1, 0.2, 0.4);
      case PRUNE -> List.of(0.1, 0.2, 0.3, 0.4, 0.5);
      case MERGE_BACK -> List.of(0.25, 0.5, 0.75, 1.0);
    };
  }

  @Override
  public String spelling() {
    return name().toLowerCase(Locale.ROOT);
  }
}
