package org.unlearn4j.config;

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
 * @param fp16 in place of the limits of fp32
 * @param int8 in place of the limits of fp32
 * @param int4 in place of the limits of fp32
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
    ReducedSettings fp16,
    ReducedSettings int8,
    ReducedSettings int4) {

  /** The limits of a number format; fp32 has none of these. */
  public ReducedSettings of(ExportSettings.Variant variant) {
    return switch (variant) {
      case FP16 -> fp16;
      case INT8 -> int8;
      case INT4 -> int4;
      case FP32 -> throw new IllegalArgumentException("fp32 is not reduced");
    };
  }
}
