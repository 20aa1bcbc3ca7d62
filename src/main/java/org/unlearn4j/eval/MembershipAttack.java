package org.unlearn4j.eval;

import java.util.Locale;
import java.util.Optional;

/**
 * The ways of asking whether a text was seen in training. Each gives a row one number, the higher
 * the less likely it was seen, under {@link #value()} in the row's values.
 */
public enum MembershipAttack {
  /** The average negative log-likelihood (Yeom et al., 2018). */
  LOSS("avg_nll"),
  /** {@link Membership#zlib}. */
  ZLIB("zlib"),
  /** {@link Membership#minK} of the lowest fifth. */
  MIN_K_20("min_k_20"),
  /** The same of the lowest two fifths, MUSE's. */
  MIN_K_40("min_k_40"),
  /** {@link Membership#minKPlusPlus} of the lowest fifth. */
  MIN_K_PP_20("min_k_pp_20"),
  /** The same of the lowest two fifths. */
  MIN_K_PP_40("min_k_pp_40"),
  /** {@link Membership#reference}: needs the retain-only model's evaluation. */
  REFERENCE("reference"),
  /** Norm of the loss's gradient (TensorFlow only). */
  GRADNORM("gradnorm");

  private final String value;

  MembershipAttack(String value) {
    this.value = value;
  }

  /** The name of a row's number. */
  public String value() {
    return value;
  }

  /** What it is computed from. */
  MetricInfo.Needs needs() {
    return switch (this) {
      case REFERENCE -> MetricInfo.Needs.RETAIN_ONLY;
      case GRADNORM -> MetricInfo.Needs.GRADIENTS;
      default -> MetricInfo.Needs.ROWS;
    };
  }

  /** As in metric names: {@code min_k_20}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The metric of the area under the curve. */
  public String auc() {
    return "mia_" + label() + "_auc";
  }

  /** The metric of the true positives at so many percent of false positives. */
  public String truePositivesAt(int percent) {
    return "mia_" + label() + "_tpr_at_" + percent;
  }

  /**
   * The attack's curve in an evaluation, the set {@code forget} being the members and {@code
   * holdout} the non-members.
   *
   * @return empty unless every row of both sets has a number for it
   */
  public Optional<RocCurve> curve(EvaluationResult evaluation) {
    return MembershipRows.curve(evaluation.rows("forget"), evaluation.rows("holdout"), this);
  }
}
