package org.unlearn4j.run;

import java.util.OptionalDouble;
import org.unlearn4j.config.ReducedSettings;
import org.unlearn4j.config.VerifySettings;
import org.unlearn4j.parity.ParityGates;
import org.unlearn4j.weights.Variant;

/** From the pipeline's limits to the gates of one deployed file. */
final class ParityLimits {
  private ParityLimits() {}

  static ParityGates of(VerifySettings v, Variant variant) {
    if (variant == Variant.FP32) {
      return new ParityGates(
          ParityGates.full(v.logitAtol(), v.logitMeanRtol(), v.klMax(), v.top1Min()),
          v.metricAtol(),
          v.generationsMin(),
          v.reboundMax(),
          v.utilityFallMax());
    }
    ReducedSettings r = v.reduced().get(variant);
    return new ParityGates(
        ParityGates.reduced(
            most(r.logitRtol()),
            most(r.logitMeanRtol()),
            most(r.cacheRtol()),
            most(r.klMax()),
            least(r.top1Min())),
        most(r.metricAtol()),
        least(r.generationsMin()),
        v.reboundMax(),
        v.utilityFallMax());
  }

  private static double most(OptionalDouble limit) {
    return limit.orElse(Double.POSITIVE_INFINITY);
  }

  private static double least(OptionalDouble limit) {
    return limit.orElse(Double.NEGATIVE_INFINITY);
  }
}
