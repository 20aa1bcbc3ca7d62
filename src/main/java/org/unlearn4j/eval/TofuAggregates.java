package org.unlearn4j.eval;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;

/** From the rows of {@link TofuSuite} to its metrics. */
final class TofuAggregates {
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
      String prob = set.role() == EvalSet.Role.GENERAL ? "prob_options" : "prob";
      RowResult.all(rows, prob)
          .ifPresent(v -> metrics.put(set.name() + "_prob", Statistics.mean(v)));
      RowResult.all(rows, "rouge")
          .ifPresent(v -> metrics.put(set.name() + "_rouge", Statistics.mean(v)));
      for (String ratio : List.of("truth_ratio", "truth_ratio_arithmetic")) {
        RowResult.all(rows, ratio)
            .ifPresent(
                v ->
                    metrics.put(
                        set.name() + "_" + ratio,
                        forget
                            ? TruthRatio.closerToOneBetter(v, TofuSuite.GUARD)
                            : TruthRatio.trueBetter(v)));
      }
      if (forget) {
        some(rows, "extraction_strength").ifPresent(v -> metrics.put("extraction_strength", v));
        some(rows, "exact_memorization").ifPresent(v -> metrics.put("exact_memorization", v));
        retainOnly
            .flatMap(reference -> forgetQuality(set, rows, reference))
            .ifPresent(v -> metrics.put("forget_quality", v));
      } else {
        Stream.of("_prob", "_rouge", "_truth_ratio").map(set.name()::concat).forEach(parts::add);
        Stream.of("_prob", "_rouge", "_truth_ratio_arithmetic")
            .map(set.name()::concat)
            .forEach(arithmeticParts::add);
      }
    }
    utility(metrics, parts).ifPresent(v -> metrics.put("model_utility", v));
    utility(metrics, arithmeticParts).ifPresent(v -> metrics.put("model_utility_arithmetic", v));
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
    Optional<double[]> theirs = reference.values(set.name(), rows, "truth_ratio");
    return RowResult.all(rows, "truth_ratio")
        .flatMap(ours -> theirs.map(t -> KolmogorovSmirnov.twoSample(ours, t).pValue()));
  }

  /** The mean over the rows that have a value; a one-token answer has no exact memorisation. */
  private static OptionalDouble some(List<RowResult> rows, String name) {
    double[] values = rows.stream().flatMapToDouble(r -> r.value(name).stream()).toArray();
    return values.length == 0 ? OptionalDouble.empty() : OptionalDouble.of(Statistics.mean(values));
  }
}
