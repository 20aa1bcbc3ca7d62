package org.unlearn4j.config;

import java.util.Map;
import org.unlearn4j.weights.Variant;

/**
 * The gates of the parity verdict.
 *
 * @param logitAtol fp32: largest absolute difference of a logit
 * @param logitMeanRtol fp32: largest mean difference of a logit, relative to the logits' spread
 * @param klMax fp32: largest mean KL(tf || onnx) over labelled tokens, in nats
 * @param top1Min fp32: smallest share of equal argmaxes
 * @param metricAtol fp32: largest difference of a benchmark metric
 * @param generationsMin fp32: smallest share of identical greedy generations
 * @param reboundMax every file: largest share of the way back to the model before unlearning
 * @param utilityFallMax every file: largest fall of model utility
 * @param reduced in place of the limits of fp32, for every other number format
 */
public record VerifySettings(
    double logitAtol,
    double logitMeanRtol,
    double klMax,
    double top1Min,
    double metricAtol,
    double generationsMin,
    double reboundMax,
    double utilityFallMax,
    Map<Variant, ReducedSettings> reduced) {
  public VerifySettings {
    reduced = Map.copyOf(reduced);
  }
}
