package org.unlearn4j.config;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.unlearn4j.config.DataSettings.Benchmark;

/** Keys of the block {@code data} about rows of one's own that are no pairs. */
final class RowKeys {
  static final Key<Integer> WINDOW =
      new Key<>(
          "data.window",
          ValueType.integer(4),
          Fallback.derived("`max_length`", s -> s.find(Schema.MAX_LENGTH)),
          "jsonl: most tokens of a window of a passage");
  static final Key<Integer> OVERLAP =
      new Key<>(
          "data.overlap",
          ValueType.integer(0),
          Fallback.constant(0),
          "jsonl: tokens that a window shows again of the one before, as context without labels");
  static final Key<List<String>> ROLES =
      new Key<>(
          "data.roles",
          ValueType.listOf(
              ValueType.choice(List.of("assistant", "user", "system", "tool"), Function.identity()),
              "roles"),
          Fallback.constant(List.of("assistant")),
          "jsonl: whose turns of a conversation are forgotten, kept and measured");

  static final List<Key<?>> ALL = List.of(WINDOW, OVERLAP, ROLES);

  private RowKeys() {}

  static DataSettings.Rows rows(Settings s) {
    return new DataSettings.Rows(s.get(WINDOW), s.get(OVERLAP), s.get(ROLES));
  }

  /** What must hold between these keys and others; tells of mistakes by key, found, expected. */
  static void check(Settings s, Rule rule) {
    Optional<Integer> window = s.find(WINDOW);
    Optional<Integer> longest = s.find(Schema.MAX_LENGTH);
    if (window.isPresent() && longest.isPresent() && window.get() > longest.get()) {
      rule.broken(WINDOW, window.get().toString(), "at most max_length (" + longest.get() + ")");
    }
    Optional<Integer> overlap = s.find(OVERLAP);
    if (window.isPresent() && overlap.isPresent() && overlap.get() > window.get() / 2) {
      rule.broken(
          OVERLAP, overlap.get().toString(), "at most half of a window (" + window.get() / 2 + ")");
    }
    boolean own = s.find(Schema.BENCHMARK).filter(b -> b == Benchmark.JSONL).isPresent();
    if (!own && overlap.filter(o -> o > 0).isPresent()) {
      rule.broken(OVERLAP, overlap.get().toString(), "0 (only jsonl has windows that overlap)");
    }
  }

  /** Told of a rule that does not hold. */
  @FunctionalInterface
  interface Rule {
    void broken(Key<?> key, String found, String expected);
  }
}
