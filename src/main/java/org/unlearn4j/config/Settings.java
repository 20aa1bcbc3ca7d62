package org.unlearn4j.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** The value of every key that has one, and the blocks that are there. */
final class Settings {
  private final Map<String, Object> values = new LinkedHashMap<>();
  private final Set<String> sections;

  Settings(Set<String> sections) {
    this.sections = Set.copyOf(sections);
  }

  <T> void put(Key<T> key, T value) {
    values.put(key.path(), value);
  }

  boolean hasSection(String path) {
    return sections.contains(path);
  }

  /** The value, or empty where the key has none. */
  <T> Optional<T> find(Key<T> key) {
    @SuppressWarnings("unchecked") // put() binds the value's type to the key's
    T value = (T) values.get(key.path());
    return Optional.ofNullable(value);
  }

  /** The same of a number. */
  OptionalDouble findNumber(Key<Double> key) {
    return find(key).map(OptionalDouble::of).orElse(OptionalDouble.empty());
  }

  /** The value of a key that always has one. */
  <T> T get(Key<T> key) {
    return find(key).orElseThrow(() -> new IllegalStateException(key.path() + " has no value"));
  }

  /** Path to value, for equality. */
  Map<String, Object> values() {
    return Collections.unmodifiableMap(values);
  }
}
