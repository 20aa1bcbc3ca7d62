package org.unlearn4j.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleBinaryOperator;

/**
 * What a study found.
 *
 * @param models values of {@link #TARGET} and, where there is one, {@link #RETAIN_ONLY}
 * @param runs values of every run; a column that an evaluation does not have is absent
 */
public record StudyTable(
    Study study, Map<String, Map<Column, Double>> models, List<Measured> runs) {
  static final String TARGET = "target";
  static final String RETAIN_ONLY = "retain-only";

  /** What was measured of one run, or of one of its deployed files. */
  record Measured(Study.Row row, long seed, Map<Column, Double> values) {}

  public StudyTable {
    runs = List.copyOf(runs);
  }

  /** A row's values of a column over the seeds; empty where one of the runs has none. */
  Optional<Summary> summary(Study.Row row, Column column) {
    List<Double> values = new ArrayList<>();
    for (Measured run : of(row)) {
      if (!run.values.containsKey(column)) {
        return Optional.empty();
      }
      values.add(run.values.get(column));
    }
    return values.isEmpty() ? Optional.empty() : Optional.of(new Summary(values));
  }

  /**
   * What the addition changed, seed by seed: with less without; for times, with over without.
   *
   * @param without the row without it
   * @return empty where there is no addition, or one of the runs has no value
   */
  Optional<Summary> change(Study.Row without, Column column) {
    DoubleBinaryOperator change = column.isTime() ? (a, b) -> b / a : (a, b) -> b - a;
    List<Measured> with = of(without.withAddition());
    List<Double> values = new ArrayList<>();
    for (Measured run : of(without)) {
      Optional<Double> value =
          with.stream()
              .filter(r -> r.seed == run.seed)
              .findFirst()
              .filter(r -> r.values.containsKey(column) && run.values.containsKey(column))
              .map(r -> change.applyAsDouble(run.values.get(column), r.values.get(column)));
      if (value.isEmpty()) {
        return Optional.empty();
      }
      values.add(value.get());
    }
    return values.isEmpty() ? Optional.empty() : Optional.of(new Summary(values));
  }

  private List<Measured> of(Study.Row row) {
    return runs.stream().filter(r -> r.row.equals(row)).toList();
  }

  /** The rows without the addition, in the order of the study. */
  List<Study.Row> withoutAddition() {
    return study.rows().stream().filter(r -> !r.added()).toList();
  }
}
