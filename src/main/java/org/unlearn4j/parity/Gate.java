package org.unlearn4j.parity;

import java.util.Locale;

/**
 * One condition of the verdict.
 *
 * @param subject what is judged
 * @param value what was found; NaN never passes
 * @param limit what it is held against
 */
public record Gate(GateSubject subject, double value, double limit, Comparison comparison) {

  /** The kinds of evidence. */
  public enum Level {
    /** What the file's codes and constants stand for. */
    WEIGHTS,
    /** What the file's graph makes of its own weights. */
    GRAPH,
    /** Logits and probabilities against the trained weights'. */
    NUMERIC,
    /** Benchmark metrics. */
    METRIC,
    /** Generated texts. */
    BEHAVIOUR,
    /** Whether forgetting survived deployment. */
    SURVIVAL;

    /** As in verify.json. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Which side of the limit is good. */
  public enum Comparison {
    AT_MOST,
    AT_LEAST;

    /** As in verify.json. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A condition that larger values break. */
  public static Gate atMost(GateSubject subject, double value, double limit) {
    return new Gate(subject, value, limit, Comparison.AT_MOST);
  }

  /** A condition that smaller values break. */
  public static Gate atLeast(GateSubject subject, double value, double limit) {
    return new Gate(subject, value, limit, Comparison.AT_LEAST);
  }

  /** What kind of evidence it is. */
  public Level level() {
    return subject.level();
  }

  /** What is judged, by its name in verify.json: {@code kl_mean}. */
  public String name() {
    return subject.key();
  }

  /** Whether the condition holds. */
  public boolean pass() {
    return switch (comparison) {
      case AT_MOST -> value <= limit; // false for NaN, as below
      case AT_LEAST -> value >= limit;
    };
  }

  /** Whether a number can be on the wrong side; an infinite limit only wants a number. */
  public boolean judges() {
    return !Double.isInfinite(limit);
  }

  /** How far the value is on the wrong side of the limit: 0 if it is not, NaN for no number. */
  public double excess() {
    double beyond = comparison == Comparison.AT_MOST ? value - limit : limit - value;
    return pass() ? 0 : beyond;
  }

  /** The condition and its outcome in one line. */
  public String sentence() {
    if (!judges() && pass()) {
      return String.format(
          Locale.ROOT, "%s %s: found %.4g (shown, not judged).", level().label(), name(), value);
    }
    String line =
        String.format(
            Locale.ROOT,
            "%s %s: found %s, expected at %s %.4g",
            level().label(),
            name(),
            Double.isNaN(value) ? "no number" : String.format(Locale.ROOT, "%.4g", value),
            comparison == Comparison.AT_MOST ? "most" : "least",
            limit);
    if (pass()) {
      return line + ".";
    }
    return Double.isNaN(value)
        ? line + ": " + subject.noNumber() + "."
        : line + String.format(Locale.ROOT, " (%.4g beyond).", excess());
  }
}
