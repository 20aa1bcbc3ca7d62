package org.unlearn4j.check;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbers held against reference numbers: the worst difference of each kind, in units of what is
 * allowed.
 */
public final class FixtureComparison {
  private final Map<String, Worst> worst = new LinkedHashMap<>();

  /**
   * The worst of a kind.
   *
   * @param difference absolute
   * @param allowed at that place
   * @param where it was
   */
  public record Worst(double difference, double allowed, String where) {
    /** NaN does not hold. */
    public boolean holds() {
      return difference <= allowed;
    }

    /** How much of what is allowed was used; NaN counts as infinitely much. */
    private double share() {
      return Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference / allowed;
    }
  }

  /** Notes {@code |found - expected|} against what is allowed. */
  void add(String kind, String where, double expected, double found, double allowed) {
    Worst now = new Worst(Math.abs(found - expected), allowed, where);
    worst.merge(kind, now, FixtureComparison::worse);
  }

  /** Takes over what another comparison found. */
  void addAll(FixtureComparison other) {
    other.worst.forEach((kind, w) -> worst.merge(kind, w, FixtureComparison::worse));
  }

  /**
   * Takes over all comparisons but the worst {@code spare} of them. What is not a number is never
   * spared.
   */
  void addAllBut(int spare, List<FixtureComparison> others) {
    List<FixtureComparison> sorted =
        others.stream().sorted(Comparator.comparingDouble(FixtureComparison::share)).toList();
    for (int i = 0; i < sorted.size(); i++) {
      boolean spared = i >= sorted.size() - spare && Double.isFinite(sorted.get(i).share());
      if (!spared) {
        addAll(sorted.get(i));
      }
    }
  }

  private double share() {
    return worst.values().stream().mapToDouble(Worst::share).max().orElse(0);
  }

  private static Worst worse(Worst a, Worst b) {
    return b.share() > a.share() ? b : a;
  }

  /** The worst of every kind, in the order in which kinds were met. */
  public Map<String, Worst> worst() {
    return worst;
  }

  /** Whether something was compared and all of it holds. */
  public boolean holds() {
    return !worst.isEmpty() && worst.values().stream().allMatch(Worst::holds);
  }
}
