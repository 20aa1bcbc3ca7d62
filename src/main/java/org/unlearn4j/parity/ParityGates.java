package org.unlearn4j.parity;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.config.VerifyLimit;
import org.unlearn4j.config.VerifySettings;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.weights.Variant;

/**
 * The gates of one deployed file: what is judged, and by which limit. There are no defaults here:
 * the pipeline file is their one home.
 *
 * <p>What has no limit is measured without judging, as for the logits of a quantised file; even
 * then a value that is not a number fails.
 *
 * @param numbers what is judged of the numbers, each by its limit
 * @param limits those that there are
 */
public record ParityGates(
    Map<NumericMeasure, VerifyLimit> numbers, Map<VerifyLimit, Double> limits) {

  /** A measure and what it is held against. */
  private record Judged(NumericMeasure measure, VerifyLimit by) {}

  /** The numbers of a file of full precision are those of the trained weights. */
  private static final List<Judged> FULL =
      List.of(
          new Judged(NumericMeasure.LOGIT_MAX_ABS, VerifyLimit.LOGIT_ATOL),
          new Judged(NumericMeasure.LOGIT_MEAN_RELATIVE, VerifyLimit.LOGIT_MEAN_RTOL),
          new Judged(NumericMeasure.KL_MEAN, VerifyLimit.KL_MAX),
          new Judged(NumericMeasure.KL_P999, VerifyLimit.KL_MAX),
          new Judged(NumericMeasure.TOP1_AGREEMENT, VerifyLimit.TOP1_MIN),
          new Judged(NumericMeasure.CHUNKED_PREFILL, VerifyLimit.LOGIT_ATOL),
          new Judged(NumericMeasure.CACHED_DECODING, VerifyLimit.LOGIT_ATOL),
          new Judged(NumericMeasure.LEFT_PADDING, VerifyLimit.LOGIT_ATOL));

  /** Of a file of reduced precision; the tail of its KL is that of few unlucky tokens. */
  private static final List<Judged> REDUCED =
      List.of(
          new Judged(NumericMeasure.LOGIT_MAX_RELATIVE, VerifyLimit.LOGIT_RTOL),
          new Judged(NumericMeasure.LOGIT_MEAN_RELATIVE, VerifyLimit.LOGIT_MEAN_RTOL),
          new Judged(NumericMeasure.KL_MEAN, VerifyLimit.KL_MAX),
          new Judged(NumericMeasure.TOP1_AGREEMENT, VerifyLimit.TOP1_MIN),
          new Judged(NumericMeasure.CHUNKED_PREFILL_RELATIVE, VerifyLimit.CACHE_RTOL),
          new Judged(NumericMeasure.CACHED_DECODING_RELATIVE, VerifyLimit.CACHE_RTOL),
          new Judged(NumericMeasure.LEFT_PADDING_RELATIVE, VerifyLimit.CACHE_RTOL));

  /** Of a graph that computes in float32: full precision, whatever its weights are. */
  private static final List<Judged> GRAPH =
      FULL.stream().filter(j -> j.measure.comparesModels()).toList();

  /** Of a graph that rounds while it runs. */
  private static final List<Judged> ROUNDING_GRAPH =
      List.of(
          new Judged(NumericMeasure.LOGIT_MAX_RELATIVE, VerifyLimit.GRAPH_RTOL),
          new Judged(NumericMeasure.LOGIT_MEAN_RELATIVE, VerifyLimit.GRAPH_MEAN_RTOL));

  public ParityGates {
    numbers = Collections.unmodifiableMap(new LinkedHashMap<>(numbers)); // in their order
    limits = Map.copyOf(limits);
  }

  /** The gates of a file of a number format. */
  public static ParityGates of(VerifySettings settings, Variant variant) {
    return of(variant, settings.of(variant));
  }

  /** The same with other limits. */
  public static ParityGates of(Variant variant, Map<VerifyLimit, Double> limits) {
    Map<NumericMeasure, VerifyLimit> numbers = new LinkedHashMap<>();
    (variant == Variant.FP32 ? FULL : REDUCED).forEach(j -> numbers.put(j.measure, j.by));
    return new ParityGates(numbers, limits);
  }

  /**
   * The gates of a file's graph against the weights that the file stands for: those of fp32 where
   * its arithmetic is float32.
   */
  public static ParityGates ofGraph(VerifySettings settings, Variant variant) {
    boolean rounds = settings.limit(variant, VerifyLimit.GRAPH_MEAN_RTOL).isPresent();
    Map<NumericMeasure, VerifyLimit> numbers = new LinkedHashMap<>();
    (rounds ? ROUNDING_GRAPH : GRAPH).forEach(j -> numbers.put(j.measure, j.by));
    return new ParityGates(numbers, settings.of(rounds ? variant : Variant.FP32));
  }

  /** The gates of a graph. */
  List<Gate> graphGates(NumericDifference d) {
    return numbers.entrySet().stream()
        .map(e -> gate(new GateSubject.Graph(e.getKey()), d.value(e.getKey()), e.getValue()))
        .toList();
  }

  /** A gate on a value by a limit. */
  Gate gate(GateSubject subject, double value, VerifyLimit by) {
    double limit = limits.getOrDefault(by, by.unlimited());
    return switch (by.side()) {
      case AT_MOST -> Gate.atMost(subject, value, limit);
      case AT_LEAST -> Gate.atLeast(subject, value, limit);
    };
  }

  /** The numeric gates, less those on what the deployed file does not have. */
  List<Gate> numericGates(NumericDifference d, LanguageModel deployed) {
    return numbers.entrySet().stream()
        .filter(e -> e.getKey().isOf(deployed))
        .map(e -> gate(new GateSubject.Numeric(e.getKey()), d.value(e.getKey()), e.getValue()))
        .toList();
  }

  /** Whether a gate can tell two models apart: it judges, and more than the file against itself. */
  static boolean compares(Gate gate) {
    return gate.judges() && gate.subject().comparesModels();
  }
}
