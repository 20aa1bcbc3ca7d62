package org.unlearn4j.config;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a watched number shall come to: {@code reference} (what the retain-only model has on the
 * same rows); {@code strangers} (what the model before unlearning has on rows about somebody whom
 * it does not know); {@code perturbed} (what it has on wrong answers to the same questions); or a
 * number.
 *
 * @param spelling as in the pipeline file
 */
public record Goal(String spelling) {
  public static final Goal REFERENCE = new Goal("reference");
  public static final Goal STRANGERS = new Goal("strangers");
  public static final Goal PERTURBED = new Goal("perturbed");

  static Optional<Goal> parse(String spelling) {
    Goal goal = new Goal(spelling);
    boolean word = goal.equals(REFERENCE) || goal.equals(STRANGERS) || goal.equals(PERTURBED);
    boolean number = goal.number().stream().anyMatch(n -> n <= 1);
    return word || number ? Optional.of(goal) : Optional.empty();
  }

  /** The number, where one is given. */
  public OptionalDouble number() {
    return ValueType.number(spelling);
  }

  @Override
  public String toString() {
    return spelling;
  }
}
