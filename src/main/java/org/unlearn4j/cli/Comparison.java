package org.unlearn4j.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Numbers held against reference numbers: the worst difference of each kind, in units of what is
 * allowed.
 */
final class Comparison {
  private final Map<String, Worst> worst = new LinkedHashMap<>();

  /**
   * The worst of a kind.
   *
   * @param difference absolute
   * @param allowed at that place
   * @param where it was
   */
  record Worst(double difference, double allowed, String where) {
    /** NaN does not hold. */
    boolean holds() {
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
    worst.merge(kind, now, (a, b) -> b.share() > a.share() ? b : a);
  }

  Map<String, Worst> worst() {
    return worst;
  }

  /** Whether something was compared and all of it holds. */
  boolean holds() {
    return !worst.isEmpty() && worst.values().stream().allMatch(Worst::holds);
  }
}
