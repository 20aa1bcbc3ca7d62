package org.unlearn4j.config;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How unlikely a token of a row may become, in nats: where forgetting it ends. {@code none}; {@code
 * reference} (what the retain-only model gives the token); {@code strangers} (what the model before
 * unlearning gives the tokens of the most similar row about somebody whom it does not know); or a
 * number.
 *
 * @param spelling as in the pipeline file
 */
public record Floor(String spelling) {
  public static final Floor NONE = new Floor("none");
  public static final Floor REFERENCE = new Floor("reference");
  public static final Floor STRANGERS = new Floor("strangers");

  static Optional<Floor> parse(String spelling) {
    Floor floor = new Floor(spelling);
    boolean word = floor.equals(NONE) || floor.equals(REFERENCE) || floor.equals(STRANGERS);
    boolean number = floor.nats().stream().anyMatch(n -> n > 0 && Double.isFinite(n));
    return word || number ? Optional.of(floor) : Optional.empty();
  }

  /** The number, where one is given. */
  public OptionalDouble nats() {
    return ValueType.number(spelling);
  }

  @Override
  public String toString() {
    return spelling;
  }
}
