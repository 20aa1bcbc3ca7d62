package org.unlearn4j.parity;

import java.util.List;

/**
 * Tolerances. There are no defaults here: the pipeline file is their one home.
 *
 * <p>An infinite tolerance measures without judging, as for the logits of a quantised file; even
 * then a value that is not a number fails.
 *
 * @param numeric what is held against a limit of {@link NumericDifference}
 * @param metricAtol largest absolute difference of a metric
 * @param generationsMin least share of identical greedy generations
 * @param reboundMax largest share of the way that unlearning had moved a forget metric by which the
 *     deployed file may move it back
 * @param utilityFallMax largest fall of model utility
 */
public record ParityGates(
    List<Limit> numeric,
    double metricAtol,
    double generationsMin,
    double reboundMax,
    double utilityFallMax) {
  private static final String CACHED_DECODING = "cached_decoding";

  /**
   * A measure and what it is held against.
   *
   * @param measure by its name in verify.json
   */
  public record Limit(String measure, double limit, Gate.Comparison comparison) {
    public static Limit atMost(String measure, double limit) {
      return new Limit(measure, limit, Gate.Comparison.AT_MOST);
    }

    public static Limit atLeast(String measure, double limit) {
      return new Limit(measure, limit, Gate.Comparison.AT_LEAST);
    }
  }

  public ParityGates {
    numeric = List.copyOf(numeric);
  }

  /**
   * Limits on the numbers of a file of full precision.
   *
   * @param logitAtol largest absolute difference between two logits, also between decoding with and
   *     without the key-value cache
   * @param logitMeanRtol largest mean difference, relative to the logits' spread
   * @param klMax largest mean, and largest 99.9th percentile, of KL(trained || deployed) over
   *     labelled tokens, in nats
   * @param top1Min least share of labelled tokens for which both name the same most probable token
   */
  public static List<Limit> full(
      double logitAtol, double logitMeanRtol, double klMax, double top1Min) {
    return List.of(
        Limit.atMost("logit_max_abs", logitAtol),
        Limit.atMost("logit_mean_relative", logitMeanRtol),
        Limit.atMost("kl_mean", klMax),
        Limit.atMost("kl_p999", klMax),
        Limit.atLeast("top1_agreement", top1Min),
        Limit.atMost("chunked_prefill", logitAtol),
        Limit.atMost(CACHED_DECODING, logitAtol));
  }

  /**
   * Limits on the numbers of a file of reduced precision.
   *
   * @param logitRtol largest difference of a logit, relative to the logits' spread
   * @param cacheRtol the same between the file and itself, with and without the cache
   * @param klMax largest mean KL, in nats; its tail is that of few unlucky tokens
   */
  public static List<Limit> reduced(
      double logitRtol, double cacheRtol, double klMax, double top1Min) {
    return List.of(
        Limit.atMost("logit_max_relative", logitRtol),
        Limit.atMost("kl_mean", klMax),
        Limit.atLeast("top1_agreement", top1Min),
        Limit.atMost("chunked_prefill_relative", cacheRtol),
        Limit.atMost(CACHED_DECODING + "_relative", cacheRtol));
  }

  /** The numeric gates; those on the cache only where there is one. */
  List<Gate> numericGates(NumericDifference d, boolean cached) {
    return numeric.stream()
        .filter(l -> cached || !l.measure.startsWith("chunked_prefill"))
        .map(
            l ->
                new Gate(
                    Gate.Level.NUMERIC,
                    cached ? l.measure : l.measure.replace(CACHED_DECODING, "padded_decoding"),
                    d.named().get(l.measure),
                    l.limit,
                    l.comparison))
        .toList();
  }
}
