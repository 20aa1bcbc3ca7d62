package org.unlearn4j.parity;

import java.util.List;
import org.unlearn4j.lm.LanguageModel;

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

  /** Begin the names of measures of the deployed file against itself. */
  private static final List<String> OWN =
      List.of("chunked_prefill", "cached_decoding", "left_padding");

  public ParityGates {
    numeric = List.copyOf(numeric);
  }

  /**
   * Limits on the numbers of a file of full precision.
   *
   * @param logitAtol largest absolute difference between two logits, also between a row in one pass
   *     and the same with the cache, or behind padding
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
        Limit.atMost("cached_decoding", logitAtol),
        Limit.atMost("left_padding", logitAtol));
  }

  /**
   * Limits on the numbers of a file of reduced precision.
   *
   * @param logitRtol largest difference of a logit, relative to the logits' spread
   * @param logitMeanRtol largest mean difference, relative to the logits' spread
   * @param cacheRtol as {@code logitRtol}, between the file and itself, with the cache and behind
   *     padding
   * @param klMax largest mean KL, in nats; its tail is that of few unlucky tokens
   */
  public static List<Limit> reduced(
      double logitRtol, double logitMeanRtol, double cacheRtol, double klMax, double top1Min) {
    return List.of(
        Limit.atMost("logit_max_relative", logitRtol),
        Limit.atMost("logit_mean_relative", logitMeanRtol),
        Limit.atMost("kl_mean", klMax),
        Limit.atLeast("top1_agreement", top1Min),
        Limit.atMost("chunked_prefill_relative", cacheRtol),
        Limit.atMost("cached_decoding_relative", cacheRtol),
        Limit.atMost("left_padding_relative", cacheRtol));
  }

  /** The numeric gates, less those on what the deployed file does not have. */
  List<Gate> numericGates(NumericDifference d, LanguageModel deployed) {
    return numeric.stream()
        .filter(l -> deployed.padsLeft() || !l.measure.startsWith("left_padding"))
        .filter(l -> deployed.cached() || !l.measure.matches("(chunked|cached)_.*"))
        .map(
            l ->
                new Gate(
                    Gate.Level.NUMERIC, l.measure, d.named().get(l.measure), l.limit, l.comparison))
        .toList();
  }

  /**
   * Whether a gate can tell two models apart: it judges, and not the deployed file against itself.
   * How far forgetting survived is no such evidence, for another unlearned model may be as far.
   */
  static boolean compares(Gate gate) {
    return gate.judges()
        && gate.level() != Gate.Level.SURVIVAL
        && OWN.stream().noneMatch(gate.name()::startsWith);
  }
}
