package org.unlearn4j.eval;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What was measured of one question.
 *
 * @param index its place in the data file, from 0
 * @param question the question
 * @param answer the true answer
 * @param generation the model's greedy answer; empty where none was made, see {@link #generated()}
 * @param values numbers by name, in the order in which they are written; a number that could not be
 *     computed (no wrong answers in the data, say) is not there
 */
public record RowResult(
    int index, String question, String answer, String generation, Map<String, Double> values) {
  public RowResult {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** Whether an answer was generated (or an option chosen), rather than the row only scored. */
  public boolean generated() {
    return values.containsKey(SetMetric.ROUGE.value()) || !generation.isEmpty();
  }

  /** A number by its name. */
  public OptionalDouble value(String name) {
    Double value = values.get(name);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** The same row with one more number. */
  RowResult with(String name, double value) {
    Map<String, Double> more = new LinkedHashMap<>(values);
    more.put(name, value);
    return new RowResult(index, question, answer, generation, more);
  }

  /** A number of every row; empty unless every row has it. */
  static Optional<double[]> all(List<RowResult> rows, String name) {
    return rows.isEmpty() || rows.stream().anyMatch(r -> r.value(name).isEmpty())
        ? Optional.empty()
        : Optional.of(rows.stream().mapToDouble(r -> r.value(name).orElseThrow()).toArray());
  }
}
