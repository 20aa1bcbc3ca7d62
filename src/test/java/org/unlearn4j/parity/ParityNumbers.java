package org.unlearn4j.parity;

import java.util.EnumMap;
import java.util.Map;
import org.unlearn4j.config.VerifyLimit;
import org.unlearn4j.weights.Variant;

/** Limits and measurements of tests, with every number in its place. */
public final class ParityNumbers {
  private ParityNumbers() {}

  /** Gates of a file of full precision. */
  public static ParityGates full(
      double logitMeanRtol, double generationsMin, double reboundMax, double utilityFallMax) {
    return ParityGates.of(
        Variant.FP32,
        Map.of(
            VerifyLimit.LOGIT_ATOL,
            1e-3,
            VerifyLimit.LOGIT_MEAN_RTOL,
            logitMeanRtol,
            VerifyLimit.KL_MAX,
            1e-5,
            VerifyLimit.TOP1_MIN,
            0.999,
            VerifyLimit.METRIC_ATOL,
            0.005,
            VerifyLimit.GENERATIONS_MIN,
            generationsMin,
            VerifyLimit.REBOUND_MAX,
            reboundMax,
            VerifyLimit.UTILITY_FALL_MAX,
            utilityFallMax));
  }

  /** Gates of an int4 file: nothing is judged but what is given. */
  public static ParityGates reduced(Map<VerifyLimit, Double> limits) {
    Map<VerifyLimit, Double> all = new EnumMap<>(limits);
    all.put(VerifyLimit.REBOUND_MAX, 0.05);
    all.put(VerifyLimit.UTILITY_FALL_MAX, 0.02);
    return ParityGates.of(Variant.INT4, all);
  }

  /** Two models that differ in nothing, but for a divergence. */
  public static NumericDifference same(int positions, double klMean) {
    Map<NumericMeasure, Double> measured = new EnumMap<>(NumericMeasure.class);
    for (NumericMeasure measure : NumericMeasure.values()) {
      if (measure.absolute().isEmpty()) {
        measured.put(measure, 0.0);
      }
    }
    measured.put(NumericMeasure.LOGIT_SPREAD, 1.0);
    measured.put(NumericMeasure.TOP1_AGREEMENT, 1.0);
    measured.put(NumericMeasure.KL_MEAN, klMean);
    return new NumericDifference(positions, positions, measured);
  }
}
