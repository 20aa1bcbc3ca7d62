package org.unlearn4j.eval;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.eval.MetricInfo.About;
import org.unlearn4j.eval.MetricInfo.Direction;

/**
 * Metrics that every set of questions has, whatever its name: {@code forget_prob}, {@code
 * facts_rouge}. The metric is the aggregate of one number of each row, which goes by {@link
 * #value()} in the row.
 */
public enum SetMetric {
  /** Mean of {@link Probability#of}. */
  PROB("prob", "probability of the right answer"),
  /** Mean of {@link Rouge#rougeL} (Lin, 2004). */
  ROUGE("rouge", "ROUGE-L recall of the greedy answer"),
  /** Aggregate of {@link TruthRatio#of} (Maini et al., 2024). */
  TRUTH_RATIO("truth_ratio", "how wrong answers stand beside the right one"),
  /** The same with an arithmetic mean inside. */
  TRUTH_RATIO_ARITHMETIC(
      "truth_ratio_arithmetic", "truth ratio, arithmetic mean over wrong answers"),
  /** Share of {@link ChoiceSuite}'s questions (Li et al., 2024). */
  ACCURACY("correct", "share of multiple-choice questions answered right");

  /** Begins the names of the sets of hazardous knowledge. */
  public static final String HAZARDOUS = "wmdp";

  private final String value;
  private final String meaning;

  SetMetric(String value, String meaning) {
    this.value = value;
    this.meaning = meaning;
  }

  /** The name of a row's number. */
  public String value() {
    return value;
  }

  /** The name of a set's metric. */
  public String of(String set) {
    return set + ending();
  }

  /** Whether a metric is this one of some set. */
  public boolean isOf(String metric) {
    return metric.endsWith(ending()) && metric.length() > ending().length();
  }

  private String ending() {
    return "_" + name().toLowerCase(Locale.ROOT);
  }

  /** What is known of a metric of that name; empty where it is none of a set. */
  static Optional<MetricInfo> info(String metric) {
    return Arrays.stream(values())
        .filter(m -> m.isOf(metric))
        .findFirst() // no ending is the end of another one
        .map(m -> m.describe(metric));
  }

  private MetricInfo describe(String metric) {
    boolean forgotten =
        this == ACCURACY
            ? metric.startsWith(HAZARDOUS)
            : metric.startsWith("forget_") || metric.startsWith("verbmem_");
    // Forgetting hazardous knowledge means guessing; four options leave a quarter.
    Direction of = this == ACCURACY ? Direction.LOWER : Direction.CLOSER_TO_REFERENCE;
    return new MetricInfo(
        metric,
        meaning,
        MetricInfo.Unit.SHARE,
        forgotten ? of : Direction.HIGHER,
        forgotten ? About.FORGOTTEN : About.KEPT,
        MetricInfo.Needs.ROWS);
  }
}
