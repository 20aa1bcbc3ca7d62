package org.unlearn4j.study;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.eval.MetricInfo;

/**
 * Which of the finalists are as good as any, and which of them is the best.
 *
 * @param goals that are weighed
 * @param reference of the retain-only model, for metrics that shall be near its own
 */
record SweepChoice(List<Column> goals, Map<Column, Double> reference) {

  /** The median of a goal, turned so that more is better. */
  double score(SweepSearch.Finalist f, Column goal) {
    double median = f.median(goal);
    return switch (goal.direction()) {
      case HIGHER, NONE -> median;
      case LOWER -> -median;
      case CLOSER_TO_REFERENCE -> -Math.abs(median - target(goal));
    };
  }

  private double target(Column goal) {
    return reference.getOrDefault(goal, 0.0); // PrivLeak and the like are against it already
  }

  private boolean dominates(SweepSearch.Finalist a, SweepSearch.Finalist b) {
    boolean none = goals.stream().allMatch(g -> score(a, g) >= score(b, g));
    return none && goals.stream().anyMatch(g -> score(a, g) > score(b, g));
  }

  /** Those that no other one is better than in one goal and worse in none; constraints first. */
  List<SweepSearch.Finalist> front(List<SweepSearch.Finalist> all) {
    int least = all.stream().mapToInt(f -> f.broken().size()).min().orElse(0);
    List<SweepSearch.Finalist> good =
        all.stream()
            .filter(f -> f.broken().size() == least)
            .filter(f -> goals.stream().noneMatch(g -> Double.isNaN(score(f, g))))
            .toList();
    return good.stream().filter(f -> good.stream().noneMatch(o -> dominates(o, f))).toList();
  }

  /** Of the front, the best by the first goal. */
  Optional<SweepSearch.Finalist> best(List<SweepSearch.Finalist> all) {
    return front(all).stream().max(Comparator.comparingDouble(f -> score(f, goals.get(0))));
  }

  /** Whether a goal is measured against the retain-only model's own value. */
  static boolean nearReference(Column goal) {
    return goal.direction() == MetricInfo.Direction.CLOSER_TO_REFERENCE;
  }
}
