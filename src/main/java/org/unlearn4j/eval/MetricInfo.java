package org.unlearn4j.eval;

import java.util.Map;
import java.util.Optional;

/**
 * What a metric's number means, wherever it is printed or held against a limit: of the metrics in
 * {@link Metric}, of those of a set ({@link SetMetric}) and of an attack ({@link
 * MembershipAttack}).
 *
 * @param name as in the evaluation file
 * @param meaning one line
 * @param unit with the range
 * @param direction which way is better
 * @param about what it speaks of
 * @param needs what it is computed from; where that is missing, it is left out, and asking for it
 *     is an error, never a default
 */
public record MetricInfo(
    String name, String meaning, Unit unit, Direction direction, About about, Needs needs) {

  private static final double INFINITY = Double.POSITIVE_INFINITY;

  /** Which way is better. */
  public enum Direction {
    HIGHER,
    LOWER,
    /** Neither more nor less than the model that never saw the forget set. */
    CLOSER_TO_REFERENCE,
    /** A description, neither good nor bad. */
    NONE
  }

  /** What is counted, and from where to where. */
  public enum Unit {
    SHARE(0, 1),
    /** Of what was, less all of it. */
    PERCENT(-100, INFINITY),
    /** Less a reference, and over it. */
    RELATIVE(-1, INFINITY),
    COSINE(-1, 1),
    /** 1 less a cosine. */
    COSINE_DISTANCE(0, 2),
    PERPLEXITY(1, INFINITY),
    RATIO(0, INFINITY),
    LOGARITHM(-INFINITY, INFINITY);

    private final double low;
    private final double high;

    Unit(double low, double high) {
      this.low = low;
      this.high = high;
    }
  }

  /** What a metric speaks of. */
  public enum About {
    FORGOTTEN,
    KEPT,
    /** How generations read. */
    TEXT,
    /** Whether a text was seen in training. */
    MEMBERSHIP,
    /** What forget and retain features share, layer by layer. */
    FEATURES
  }

  /** What a metric is computed from. */
  public enum Needs {
    ROWS,
    /** The retain-only model's evaluation as well. */
    RETAIN_ONLY,
    /** A runtime with gradients. */
    GRADIENTS
  }

  /** Smallest possible value. */
  public double low() {
    return unit.low;
  }

  /** Largest possible value. */
  public double high() {
    return unit.high;
  }

  /** Whether it is computed from the retain-only model's evaluation. */
  public boolean needsReference() {
    return needs == Needs.RETAIN_ONLY;
  }

  /** Whether only a runtime with gradients can measure it. */
  public boolean needsGradients() {
    return needs == Needs.GRADIENTS;
  }

  /** What is known of a metric; empty for a name that no suite here makes. */
  public static Optional<MetricInfo> of(String name) {
    return Metric.of(name)
        .map(Metric::info)
        .or(() -> derived(name, Entanglement.BEFORE, ", of the model before"))
        .or(() -> derived(name, RelearnMetrics.UNTAUGHT, ", of rows not taught again"))
        .or(() -> attack(name))
        .or(() -> SetMetric.info(name));
  }

  private static Optional<MetricInfo> derived(String name, String ending, String words) {
    return name.endsWith(ending)
        ? of(name.substring(0, name.length() - ending.length()))
            .map(i -> i.named(name, i.meaning + words))
        : Optional.empty();
  }

  private static Optional<MetricInfo> attack(String name) {
    for (MembershipAttack attack : MembershipAttack.values()) {
      Map<String, String> metrics =
          Map.of(
              attack.auc(), "AUC of the " + attack.label() + " attack, forget against holdout",
              attack.truePositivesAt(1), "forget rows found at 1 % of holdout rows",
              attack.truePositivesAt(5), "forget rows found at 5 % of holdout rows");
      if (metrics.containsKey(name)) {
        return Optional.of(
            new MetricInfo(
                name,
                metrics.get(name),
                Unit.SHARE,
                Direction.CLOSER_TO_REFERENCE,
                About.MEMBERSHIP,
                attack.needs()));
      }
    }
    return Optional.empty();
  }

  /**
   * How far two values are apart, so that one tolerance serves every metric: percent are counted as
   * shares, what has no upper bound relative to its size, and a perplexity as the mean negative
   * log-likelihood that it is the exponential of. Perplexities themselves are far apart where one
   * answer of hundreds is another one.
   */
  public double distance(double a, double b) {
    return switch (unit) {
      case PERCENT -> Math.abs(a - b) / 100;
      case PERPLEXITY -> relative(Math.log(a), Math.log(b));
      default -> high() == INFINITY ? relative(a, b) : Math.abs(a - b);
    };
  }

  private static double relative(double a, double b) {
    return Math.abs(a - b) / Math.max(1, Math.abs(a));
  }

  private MetricInfo named(String other, String words) {
    return new MetricInfo(other, words, unit, direction, about, needs);
  }
}
