package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.absent;
import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.nonNegative;
import static org.unlearn4j.config.ValueType.share;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.unlearn4j.weights.Variant;

/** Keys of the block {@code verify}. */
final class VerifyKeys {
  static final Key<Double> LOGIT_ATOL =
      fp32(
          "logit_atol",
          nonNegative(),
          1e-3,
          "largest difference of a logit, in one pass, in chunks, with the cache and behind padding");
  static final Key<Double> LOGIT_MEAN_RTOL =
      fp32(
          "logit_mean_rtol",
          nonNegative(),
          2e-5,
          "largest mean difference of a logit, relative to the logits' spread: rounding is large at few"
              + " positions, a wrong weight is small at all of them");
  static final Key<Double> KL_MAX =
      fp32(
          "kl_max",
          nonNegative(),
          1e-5,
          "largest KL divergence over labelled tokens, in nats: of their mean and of all but one in a"
              + " thousand");
  static final Key<Double> TOP1_MIN =
      fp32("top1_min", share(), 0.999, "smallest share of equal top-1 tokens");
  static final Key<Double> METRIC_ATOL =
      fp32("metric_atol", nonNegative(), 0.005, "largest difference of a metric");
  static final Key<Double> GENERATIONS_MIN =
      fp32("generations_min", share(), 0.99, "smallest share of identical greedy generations");
  static final Key<Double> REBOUND_MAX =
      fp32(
          "rebound_max",
          nonNegative(),
          0.05,
          "every file: largest share of the way back to the model before");
  static final Key<Double> UTILITY_FALL_MAX =
      fp32("utility_fall_max", nonNegative(), 0.02, "every file: largest fall of model utility");

  /** Limits that stand in place of those of fp32. */
  record Reduced(
      Key<Double> logitRtol,
      Key<Double> logitMeanRtol,
      Key<Double> cacheRtol,
      Key<Double> klMax,
      Key<Double> top1Min,
      Key<Double> metricAtol,
      Key<Double> generationsMin) {

    private List<Key<?>> keys() {
      return List.of(
          logitRtol, logitMeanRtol, cacheRtol, klMax, top1Min, metricAtol, generationsMin);
    }

    ReducedSettings read(Settings s) {
      return new ReducedSettings(
          find(s, logitRtol),
          find(s, logitMeanRtol),
          find(s, cacheRtol),
          find(s, klMax),
          find(s, top1Min),
          find(s, metricAtol),
          find(s, generationsMin));
    }

    private static OptionalDouble find(Settings s, Key<Double> key) {
      return s.find(key).map(OptionalDouble::of).orElse(OptionalDouble.empty());
    }
  }

  private static final Fallback<Double> SHOWN = absent("shown, not judged");

  /** By number format, in their order; a test sees that none is forgotten. */
  static final Map<Variant, Reduced> REDUCED = reduced();

  /**
   * The mean difference of logits belongs to the format: rounding moves the weights of every model,
   * and with them its logits, by about the same share. On Fable, trained weights against their own
   * file: 0.0005, 0.008, 0.05 and 0.095 from fp16 to int4, whatever the rows; against the file of
   * another model of the same tokens: 0.4 and more (docs/parity.md). The limits lie in between. KL
   * and equal argmaxes depend on the rows: where both models know the answers, two models may be
   * nearer to each other than one is to its own int4 file on other rows.
   */
  private static Map<Variant, Reduced> reduced() {
    Map<Variant, Reduced> all = new EnumMap<>(Variant.class);
    for (Variant variant : Variant.values()) {
      switch (variant) {
        case FP32 -> {} // the numbers of the trained weights themselves
        case FP16 ->
            all.put(
                variant,
                reduced(
                    variant,
                    constant(0.03),
                    constant(0.005),
                    constant(0.03),
                    constant(1e-4),
                    constant(0.995),
                    constant(0.02),
                    constant(0.95)));
        case INT8 ->
            all.put(
                variant,
                reduced(
                    variant,
                    SHOWN,
                    constant(0.05),
                    constant(1e-3),
                    constant(0.01),
                    constant(0.97),
                    SHOWN,
                    SHOWN));
        case INT8_DYNAMIC ->
            all.put(
                variant,
                reduced(
                    variant,
                    SHOWN,
                    constant(0.15),
                    SHOWN,
                    constant(0.05),
                    constant(0.95),
                    SHOWN,
                    SHOWN));
        case INT4 ->
            all.put(
                variant,
                reduced(
                    variant,
                    SHOWN,
                    constant(0.2),
                    constant(1e-3),
                    constant(0.1),
                    constant(0.9),
                    SHOWN,
                    SHOWN));
      }
    }
    return all;
  }

  private VerifyKeys() {}

  static List<Key<?>> keys() {
    List<Key<?>> all =
        new ArrayList<>(
            List.of(
                LOGIT_ATOL,
                LOGIT_MEAN_RTOL,
                KL_MAX,
                TOP1_MIN,
                METRIC_ATOL,
                GENERATIONS_MIN,
                REBOUND_MAX,
                UTILITY_FALL_MAX));
    REDUCED.values().forEach(r -> all.addAll(r.keys()));
    return all;
  }

  static List<Section> sections() {
    List<Section> all = new ArrayList<>();
    all.add(
        new Section(
            "verify",
            false,
            "the gates of the parity verdict: for fp32, and for every file where it says so"));
    REDUCED
        .keySet()
        .forEach(v -> all.add(new Section(block(v), false, "in place of the limits of fp32")));
    return all;
  }

  private static String block(Variant variant) {
    return "verify." + variant.label();
  }

  static VerifySettings read(Settings s) {
    return new VerifySettings(
        s.get(LOGIT_ATOL),
        s.get(LOGIT_MEAN_RTOL),
        s.get(KL_MAX),
        s.get(TOP1_MIN),
        s.get(METRIC_ATOL),
        s.get(GENERATIONS_MIN),
        s.get(REBOUND_MAX),
        s.get(UTILITY_FALL_MAX),
        REDUCED.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().read(s))));
  }

  private static Reduced reduced(
      Variant variant,
      Fallback<Double> logitRtol,
      Fallback<Double> logitMeanRtol,
      Fallback<Double> cacheRtol,
      Fallback<Double> klMax,
      Fallback<Double> top1Min,
      Fallback<Double> metricAtol,
      Fallback<Double> generationsMin) {
    String in = block(variant) + ".";
    return new Reduced(
        new Key<>(
            in + "logit_rtol",
            nonNegative(),
            logitRtol,
            "largest difference of a logit, relative to the logits' spread"),
        new Key<>(
            in + "logit_mean_rtol",
            nonNegative(),
            logitMeanRtol,
            "largest mean difference of a logit, relative to the logits' spread: what tells the format"
                + " from another model"),
        new Key<>(
            in + "cache_rtol",
            nonNegative(),
            cacheRtol,
            "largest difference of a logit, relative to the logits' spread, between the file in one pass and itself, in chunks, with the cache and behind padding"),
        new Key<>(
            in + "kl_max",
            nonNegative(),
            klMax,
            "largest mean KL divergence over labelled tokens, in nats"),
        new Key<>(in + "top1_min", share(), top1Min, "smallest share of equal top-1 tokens"),
        new Key<>(in + "metric_atol", nonNegative(), metricAtol, "largest difference of a metric"),
        new Key<>(
            in + "generations_min",
            share(),
            generationsMin,
            "smallest share of identical greedy generations"));
  }

  private static Key<Double> fp32(String name, ValueType<Double> type, double value, String doc) {
    return new Key<>("verify." + name, type, constant(value), doc);
  }
}
