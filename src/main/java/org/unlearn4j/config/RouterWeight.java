package org.unlearn4j.config;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Weight of the loss that balances experts: a number, or {@code config} for the coefficient of the
 * model's configuration. 0: no such loss.
 *
 * @param spelling as in the pipeline file
 */
public record RouterWeight(String spelling) {
  public static final RouterWeight NONE = new RouterWeight("0");

  private static final RouterWeight CONFIG = new RouterWeight("config");

  static Optional<RouterWeight> parse(String spelling) {
    RouterWeight weight = new RouterWeight(spelling);
    boolean number = weight.number().stream().anyMatch(Double::isFinite);
    return weight.equals(CONFIG) || number ? Optional.of(weight) : Optional.empty();
  }

  /** Whether there is no such loss. */
  public boolean off() {
    return number().stream().anyMatch(n -> n == 0);
  }

  /** The number; empty for the model's own. */
  public OptionalDouble number() {
    return ValueType.number(spelling);
  }

  @Override
  public String toString() {
    return spelling;
  }
}
