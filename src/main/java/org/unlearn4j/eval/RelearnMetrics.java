package org.unlearn4j.eval;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What of an evaluation says how much is remembered, over all rows and over those that were not
 * taught again, and what says how much was kept.
 */
public final class RelearnMetrics {
  /** Ends the name of a metric over the rows that were not taught again. */
  public static final String UNTAUGHT = "_untaught";

  /**
   * Harmonic mean of the probabilities and truth ratios of what is to be kept: model utility
   * without the part that needs generated answers.
   */
  public static final String UTILITY = "utility_without_rouge";

  /**
   * A metric and where its rows are.
   *
   * @param value of a row, of which the metric is the mean
   */
  private record Source(String metric, String set, String value) {}

  private static final List<Source> FORGOTTEN =
      List.of(
          new Source("forget_prob", "forget", "prob"),
          new Source("forget_truth_ratio", "forget", "truth_ratio"),
          new Source("forget_rouge", "forget", "rouge"),
          new Source("extraction_strength", "forget", "extraction_strength"),
          new Source("exact_memorization", "forget", "exact_memorization"),
          new Source("verbmem", "verbmem", "rouge"),
          new Source("verbmem_prob", "verbmem", "prob"),
          new Source("extraction_strength", "verbmem", "extraction_strength"),
          new Source("exact_memorization", "verbmem", "exact_memorization"),
          new Source("knowmem_forget", "knowmem_forget", "rouge"),
          new Source("wmdp_accuracy", "", ""));

  private static final Pattern KEPT =
      Pattern.compile("(?!forget_|verbmem_).*_(prob|truth_ratio)|knowmem_retain|model_utility");

  private RelearnMetrics() {}

  /**
   * The metrics that are there, in a fixed order: what was forgotten (each over all rows and, where
   * that is known of a set, under its name with {@link #UNTAUGHT} over the rows that were not
   * taught), then what was kept.
   *
   * @param untaught indices of the rows that were not taught, by set; a set is in it if it is known
   *     of all its rows, and has at least one such row
   */
  public static Map<String, Double> of(
      EvaluationResult result, Map<String, Set<Integer>> untaught) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (Source source : FORGOTTEN) {
      Double all = result.metrics().get(source.metric);
      if (all == null) {
        continue;
      }
      metrics.put(source.metric, all);
      Set<Integer> others = untaught.getOrDefault(source.set, Set.of());
      double[] values =
          result.rows(source.set).stream()
              .filter(r -> others.contains(r.index()))
              .flatMapToDouble(r -> r.value(source.value).stream())
              .toArray();
      if (values.length > 0) {
        metrics.put(source.metric + UNTAUGHT, aggregate(source, values));
      }
    }
    Map<String, Double> parts = new LinkedHashMap<>();
    result
        .metrics()
        .forEach(
            (name, value) -> {
              if (KEPT.matcher(name).matches()) {
                metrics.put(name, value);
                parts.put(name, value);
              }
            });
    if (parts.keySet().stream().anyMatch(name -> name.endsWith("_truth_ratio"))) {
      parts.remove("model_utility");
      metrics.put(
          UTILITY, Statistics.harmonicMean(parts.values().stream().mapToDouble(v -> v).toArray()));
    }
    return metrics;
  }

  /** As the suites aggregate a set of this kind. */
  private static double aggregate(Source source, double[] values) {
    return source.value.equals("truth_ratio")
        ? TruthRatio.closerToOneBetter(values, TofuSuite.GUARD)
        : Statistics.mean(values);
  }
}
