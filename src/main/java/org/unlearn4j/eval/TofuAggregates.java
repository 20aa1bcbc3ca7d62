package org.unlearn4j.eval;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** From the rows of {@link TofuSuite} to its metrics. */
final class TofuAggregates {
  private static final List<SetMetric> RATIOS =
      List.of(SetMetric.TRUTH_RATIO, SetMetric.TRUTH_RATIO_ARITHMETIC);

  /** Of every set that is to be kept, what its model utility is the harmonic mean of. */
  private static final List<SetMetric> PARTS =
      List.of(SetMetric.PROB, SetMetric.ROUGE, SetMetric.TRUTH_RATIO);

  private static final List<SetMetric> ARITHMETIC_PARTS =
      List.of(SetMetric.PROB, SetMetric.ROUGE, SetMetric.TRUTH_RATIO_ARITHMETIC);

  /** What is known by heart; the last two of passages alone. */
  private static final List<Metric> BY_HEART =
      List.of(
          Metric.EXTRACTION_STRENGTH,
          Metric.EXACT_MEMORIZATION,
          Metric.VERBMEM,
          Metric.LONGEST_COMMON_SUBSTRING);

  private TofuAggregates() {}

  /**
   * Every aggregate whose inputs are there.
   *
   * @throws org.unlearn4j.base.UserException if the retain-only evaluation is of other rows
   */
  static Map<String, Double> of(
      List<EvalSet> sets, Map<String, List<RowResult>> perRow, Optional<RetainOnly> retainOnly) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    Set<String> parts = new LinkedHashSet<>();
    Set<String> arithmeticParts = new LinkedHashSet<>();
    for (EvalSet set : sets) {
      if (set.role() == EvalSet.Role.HOLDOUT) {
        continue; // nothing that was to be forgotten or kept
      }
      List<RowResult> rows = perRow.get(set.name());
      boolean forget = set.role() == EvalSet.Role.FORGET;
      String prob =
          set.role() == EvalSet.Role.GENERAL ? TofuSuite.PROB_OPTIONS : SetMetric.PROB.value();
      RowResult.all(rows, prob)
          .ifPresent(v -> metrics.put(SetMetric.PROB.of(set.name()), Statistics.mean(v)));
      RowResult.all(rows, SetMetric.ROUGE.value())
          .ifPresent(v -> metrics.put(SetMetric.ROUGE.of(set.name()), Statistics.mean(v)));
      for (SetMetric ratio : RATIOS) {
        RowResult.all(rows, ratio.value())
            .ifPresent(
                v ->
                    metrics.put(
                        ratio.of(set.name()),
                        forget
                            ? TruthRatio.closerToOneBetter(v, TofuSuite.GUARD)
                            : TruthRatio.trueBetter(v)));
      }
      if (forget) {
        for (Metric metric : BY_HEART) {
          some(rows, metric.key()).ifPresent(v -> metrics.put(metric.key(), v));
        }
        retainOnly
            .flatMap(reference -> forgetQuality(set, rows, reference))
            .ifPresent(v -> metrics.put(Metric.FORGET_QUALITY.key(), v));
      } else {
        PARTS.forEach(part -> parts.add(part.of(set.name())));
        ARITHMETIC_PARTS.forEach(part -> arithmeticParts.add(part.of(set.name())));
      }
    }
    utility(metrics, parts).ifPresent(v -> metrics.put(Metric.MODEL_UTILITY.key(), v));
    utility(metrics, arithmeticParts)
        .ifPresent(v -> metrics.put(Metric.MODEL_UTILITY_ARITHMETIC.key(), v));
    return metrics;
  }

  private static OptionalDouble utility(Map<String, Double> metrics, Set<String> parts) {
    return parts.isEmpty() || !metrics.keySet().containsAll(parts)
        ? OptionalDouble.empty()
        : OptionalDouble.of(
            Statistics.harmonicMean(parts.stream().mapToDouble(metrics::get).toArray()));
  }

  private static Optional<Double> forgetQuality(
      EvalSet set, List<RowResult> rows, RetainOnly reference) {
    Optional<double[]> theirs = reference.values(set.name(), rows, SetMetric.TRUTH_RATIO.value());
    return RowResult.all(rows, SetMetric.TRUTH_RATIO.value())
        .flatMap(ours -> theirs.map(t -> KolmogorovSmirnov.twoSample(ours, t).pValue()));
  }

  /** The mean over the rows that have a value; a one-token answer has no exact memorisation. */
  private static OptionalDouble some(List<RowResult> rows, String name) {
    double[] values = rows.stream().flatMapToDouble(r -> r.value(name).stream()).toArray();
    return values.length == 0 ? OptionalDouble.empty() : OptionalDouble.of(Statistics.mean(values));
  }
}
