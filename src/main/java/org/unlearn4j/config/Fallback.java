package org.unlearn4j.config;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** What holds for a key that the pipeline file leaves out. */
sealed interface Fallback<T> {

  /** Leaving it out is a mistake. */
  record Required<T>() implements Fallback<T> {}

  /** The setting has no value then; {@code meaning} says what that does. */
  record Absent<T>(String meaning) implements Fallback<T> {}

  record Constant<T>(T value) implements Fallback<T> {}

  /**
   * Follows from keys that stand before this one in the schema; where it cannot, leaving it out is
   * a mistake.
   */
  record Derived<T>(String meaning, Function<Settings, Optional<T>> rule) implements Fallback<T> {}

  /** Each objective its own; the key belongs to no objective that is not in the map. */
  record PerObjective<T>(Map<ObjectiveName, Fallback<T>> byName) implements Fallback<T> {
    public PerObjective {
      byName = new EnumMap<>(byName);
    }
  }

  /** What holds under {@code objective}; empty if the key does not belong to it. */
  default Optional<Fallback<T>> under(ObjectiveName objective) {
    return this instanceof PerObjective<T> p
        ? Optional.ofNullable(p.byName().get(objective))
        : Optional.of(this);
  }

  static <T> Fallback<T> required() {
    return new Required<>();
  }

  static <T> Fallback<T> absent(String meaning) {
    return new Absent<>(meaning);
  }

  static <T> Fallback<T> constant(T value) {
    return new Constant<>(value);
  }

  static <T> Fallback<T> derived(String meaning, Function<Settings, Optional<T>> rule) {
    return new Derived<>(meaning, rule);
  }
}
