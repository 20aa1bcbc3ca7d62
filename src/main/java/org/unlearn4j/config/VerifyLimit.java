package org.unlearn4j.config;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.unlearn4j.weights.Variant;

/**
 * The tolerances of the parity verdict: what each is called, which side of it is good, and by how
 * much every number format may be off. One that is not a number is shown, not judged.
 *
 * <p>The mean difference of logits belongs to the format: rounding moves the weights of every
 * model, and with them its logits, by about the same share. On Fable, trained weights against their
 * own file: 0.0005, 0.008, 0.05 and 0.095 from fp16 to int4, whatever the rows; against the file of
 * another model of the same tokens: 0.4 and more (docs/explanation/parity.md). The limits lie in
 * between. KL and equal argmaxes depend on the rows: where both models know the answers, two models
 * may be nearer to each other than one is to its own int4 file on other rows.
 */
public enum VerifyLimit {
  LOGIT_ATOL(
      Side.AT_MOST,
      1e-3,
      "largest difference of a logit, in one pass, in chunks, with the cache and behind padding"),
  LOGIT_RTOL(
      Side.AT_MOST,
      "largest difference of a logit, relative to the logits' spread",
      new double[] {0.03, Double.NaN, Double.NaN, Double.NaN, Double.NaN}),
  LOGIT_MEAN_RTOL(
      Side.AT_MOST,
      2e-5,
      "largest mean difference of a logit, relative to the logits' spread: rounding is large at few"
          + " positions, a wrong weight is small at all of them",
      "largest mean difference of a logit, relative to the logits' spread: what tells the format"
          + " from another model",
      new double[] {0.005, 0.05, 0.15, 0.2, 0.2}),
  GRAPH_RTOL(
      Side.AT_MOST,
      "largest difference of a logit, relative to the logits' spread, between the file and the"
          + " weights that are read back from it; absent where the limits of fp32 hold for that",
      new double[] {0.03, Double.NaN, 1.5, Double.NaN, 0.03}),
  GRAPH_MEAN_RTOL(
      Side.AT_MOST,
      "largest mean difference of a logit, relative to the logits' spread, between the file and the"
          + " weights that are read back from it; absent where the limits of fp32 hold for that",
      new double[] {0.003, Double.NaN, 0.1, Double.NaN, 0.003}),
  NOT_NEAREST_MAX(
      Side.AT_MOST,
      0.0,
      "every file: largest share of codes that are not the nearest to their weights"),
  CACHE_RTOL(
      Side.AT_MOST,
      "largest difference of a logit, relative to the logits' spread, between the file in one pass"
          + " and itself, in chunks, with the cache and behind padding",
      new double[] {0.03, 1e-3, Double.NaN, 1e-3, 0.03}),
  KL_MAX(
      Side.AT_MOST,
      1e-5,
      "largest KL divergence over labelled tokens, in nats: of their mean and of all but one in a"
          + " thousand",
      "largest mean KL divergence over labelled tokens, in nats",
      new double[] {1e-4, 0.01, 0.05, 0.1, 0.1}),
  TOP1_MIN(
      Side.AT_LEAST,
      0.999,
      "smallest share of equal top-1 tokens",
      "smallest share of equal top-1 tokens",
      new double[] {0.995, 0.97, 0.95, 0.9, 0.9}),
  METRIC_ATOL(
      Side.AT_MOST,
      0.005,
      "largest difference of a metric",
      "largest difference of a metric",
      new double[] {0.02, Double.NaN, Double.NaN, Double.NaN, Double.NaN}),
  GENERATIONS_MIN(
      Side.AT_LEAST,
      0.99,
      "smallest share of identical greedy generations",
      "smallest share of identical greedy generations",
      new double[] {0.95, Double.NaN, Double.NaN, Double.NaN, Double.NaN}),
  REBOUND_MAX(Side.AT_MOST, 0.05, "every file: largest share of the way back to the model before"),
  UTILITY_FALL_MAX(Side.AT_MOST, 0.02, "every file: largest fall of model utility"),
  REFUSALS_MAX(
      Side.AT_MOST,
      Double.NaN,
      "every file: largest share of questions about what is kept that are refused"),
  REPETITION_MAX(
      Side.AT_MOST,
      Double.NaN,
      "every file: largest share of 4-grams that an answer of the forget set has said before"),
  PERPLEXITY_MAX(
      Side.AT_MOST,
      Double.NaN,
      "every file: largest perplexity of answers of the forget set under the model before");

  /** Which side of a limit is good; the least of a share, the most of a distance. */
  public enum Side {
    AT_MOST,
    AT_LEAST
  }

  private final Side side;
  private final double full;
  private final String fullDoc;
  private final String reducedDoc;
  private final double fp16;
  private final double int8;
  private final double int8Dynamic;
  private final double int4;
  private final double q4f16;

  /** Of the files of full precision, or of every file. */
  VerifyLimit(Side side, double full, String doc) {
    this(side, full, doc, "", new double[5]);
  }

  /** Of the files of reduced precision. */
  VerifyLimit(Side side, String doc, double[] reduced) {
    this(side, Double.NaN, "", doc, reduced);
  }

  /**
   * Of both.
   *
   * @param reduced the limits of fp16, int8, int8-dynamic, int4 and q4f16
   */
  VerifyLimit(Side side, double full, String fullDoc, String reducedDoc, double[] reduced) {
    this.side = side;
    this.full = full;
    this.fullDoc = fullDoc;
    this.reducedDoc = reducedDoc;
    this.fp16 = reduced[0];
    this.int8 = reduced[1];
    this.int8Dynamic = reduced[2];
    this.int4 = reduced[3];
    this.q4f16 = reduced[4];
  }

  public Side side() {
    return side;
  }

  /** Whether it belongs to a graph that rounds while it runs. */
  boolean ofGraph() {
    return this == GRAPH_RTOL || this == GRAPH_MEAN_RTOL;
  }

  /** What no number exceeds. */
  public double unlimited() {
    return side == Side.AT_MOST ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
  }

  /** The key of a number format's file; empty where it has none of its own. */
  Optional<Key<Double>> key(Variant variant) {
    String doc = variant == Variant.FP32 ? fullDoc : reducedDoc;
    double value = fallback(variant);
    return doc.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Key<>(
                block(variant) + "." + name().toLowerCase(Locale.ROOT),
                side == Side.AT_MOST ? ValueType.nonNegative() : ValueType.share(),
                Double.isNaN(value)
                    ? Fallback.absent("shown, not judged")
                    : Fallback.constant(value),
                doc));
  }

  /** The block of a number format's limits in the pipeline file. */
  static String block(Variant variant) {
    return variant == Variant.FP32 ? "verify" : "verify." + variant.label();
  }

  private double fallback(Variant variant) {
    return switch (variant) {
      case FP32 -> full;
      case FP16 -> fp16;
      case INT8 -> int8;
      case INT8_DYNAMIC -> int8Dynamic;
      case INT4 -> int4;
      case Q4F16 -> q4f16;
    };
  }

  /** Whether a value is what holds where nobody says anything. */
  boolean usual(Variant variant, OptionalDouble value) {
    double fallback = fallback(variant);
    return Double.isNaN(fallback)
        ? value.isEmpty()
        : value.isPresent() && value.getAsDouble() == fallback;
  }

  /** What the settings say, or what holds where they say nothing. */
  OptionalDouble read(Settings s, Variant variant) {
    return key(variant).map(s::findNumber).orElse(OptionalDouble.empty());
  }
}
