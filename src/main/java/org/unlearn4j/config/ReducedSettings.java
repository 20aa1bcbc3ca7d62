package org.unlearn4j.config;

import java.util.OptionalDouble;

/**
 * Limits for a file of reduced precision, whose numbers are not those of the trained weights. What
 * has no limit is measured and shown, and fails only where it is no number.
 *
 * @param logitRtol largest absolute difference of a logit, relative to the logits' spread
 * @param logitMeanRtol largest mean difference of a logit, relative to the logits' spread
 * @param cacheRtol as {@code logitRtol}, between decoding with and without the key-value cache,
 *     both on the deployed file
 * @param klMax largest mean KL(tf || onnx) over labelled tokens, in nats
 * @param top1Min smallest share of equal argmaxes
 * @param metricAtol largest difference of a benchmark metric
 * @param generationsMin smallest share of identical greedy generations
 */
public record ReducedSettings(
    OptionalDouble logitRtol,
    OptionalDouble logitMeanRtol,
    OptionalDouble cacheRtol,
    OptionalDouble klMax,
    OptionalDouble top1Min,
    OptionalDouble metricAtol,
    OptionalDouble generationsMin) {}
