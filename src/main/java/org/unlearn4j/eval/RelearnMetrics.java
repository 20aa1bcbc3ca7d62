package org.unlearn4j.eval;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What of an evaluation says how much is remembered, over all rows and over those that were not
 * taught again, and what says how much was kept.
 */
public final class RelearnMetrics {
  /** Ends the name of a metric over the rows that were not taught again. */
  public static final String UNTAUGHT = "_untaught";

  /**
   * A metric and where its rows are.
   *
   * @param value of a row, of which the metric is the mean
   */
  private record Source(Metric metric, String set, String value) {}

  private static final List<Source> FORGOTTEN =
      List.of(
          new Source(Metric.FORGET_PROB, "forget", SetMetric.PROB.value()),
          new Source(Metric.FORGET_TRUTH_RATIO, "forget", SetMetric.TRUTH_RATIO.value()),
          new Source(Metric.FORGET_ROUGE, "forget", SetMetric.ROUGE.value()),
          new Source(Metric.EXTRACTION_STRENGTH, "forget", Metric.EXTRACTION_STRENGTH.key()),
          new Source(Metric.EXACT_MEMORIZATION, "forget", Metric.EXACT_MEMORIZATION.key()),
          new Source(Metric.VERBMEM, Metric.VERBMEM.key(), SetMetric.ROUGE.value()),
          new Source(Metric.VERBMEM_PROB, Metric.VERBMEM.key(), SetMetric.PROB.value()),
          new Source(
              Metric.EXTRACTION_STRENGTH, Metric.VERBMEM.key(), Metric.EXTRACTION_STRENGTH.key()),
          new Source(
              Metric.EXACT_MEMORIZATION, Metric.VERBMEM.key(), Metric.EXACT_MEMORIZATION.key()),
          new Source(Metric.KNOWMEM_FORGET, Metric.KNOWMEM_FORGET.key(), SetMetric.ROUGE.value()),
          new Source(Metric.WMDP_ACCURACY, "", ""));

  /** What is told at once, in order; the file has all of it. */
  private static final List<Metric> TOLD =
      List.of(
          Metric.FORGET_PROB,
          Metric.VERBMEM,
          Metric.EXTRACTION_STRENGTH,
          Metric.WMDP_ACCURACY,
          Metric.MODEL_UTILITY,
          Metric.UTILITY_WITHOUT_ROUGE);

  /** Mean probabilities of what was not taught again, by name. */
  static final List<String> LIKELIER =
      Stream.of(Metric.FORGET_PROB, Metric.VERBMEM_PROB).map(m -> m.key() + UNTAUGHT).toList();

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
      Double all = result.metrics().get(source.metric.key());
      if (all == null) {
        continue;
      }
      metrics.put(source.metric.key(), all);
      Set<Integer> others = untaught.getOrDefault(source.set, Set.of());
      double[] values =
          result.rows(source.set).stream()
              .filter(r -> others.contains(r.index()))
              .flatMapToDouble(r -> r.value(source.value).stream())
              .toArray();
      if (values.length > 0) {
        metrics.put(source.metric.key() + UNTAUGHT, aggregate(source, values));
      }
    }
    Map<String, Double> parts = new LinkedHashMap<>();
    result
        .metrics()
        .forEach(
            (name, value) -> {
              if (kept(name)) {
                metrics.put(name, value);
                parts.put(name, value);
              }
            });
    if (parts.keySet().stream().anyMatch(SetMetric.TRUTH_RATIO::isOf)) {
      parts.remove(Metric.MODEL_UTILITY.key());
      metrics.put(
          Metric.UTILITY_WITHOUT_ROUGE.key(),
          Statistics.harmonicMean(parts.values().stream().mapToDouble(v -> v).toArray()));
    }
    return metrics;
  }

  /**
   * Names of the few metrics that sum up what relearning did, in order.
   *
   * @param measured names of all that there is
   */
  public static List<String> told(Set<String> measured) {
    return TOLD.stream()
        .flatMap(m -> Stream.of(m.key(), m.key() + UNTAUGHT))
        .filter(measured::contains)
        .toList();
  }

  private static boolean kept(String name) {
    boolean ofASet = SetMetric.PROB.isOf(name) || SetMetric.TRUTH_RATIO.isOf(name);
    boolean forgotten = name.startsWith("forget_") || name.startsWith("verbmem_");
    return (ofASet && !forgotten)
        || Metric.KNOWMEM_RETAIN.is(name)
        || Metric.MODEL_UTILITY.is(name);
  }

  /** As the suites aggregate a set of this kind. */
  private static double aggregate(Source source, double[] values) {
    return source.value.equals(SetMetric.TRUTH_RATIO.value())
        ? TruthRatio.closerToOneBetter(values, TofuSuite.GUARD)
        : Statistics.mean(values);
  }
}
