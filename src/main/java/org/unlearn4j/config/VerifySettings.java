package org.unlearn4j.config;

/**
 * The gates of the parity verdict.
 *
 * @param logitAtol largest absolute difference of a logit
 * @param klMax largest mean KL(tf || onnx) over labelled tokens, in nats
 * @param top1Min smallest share of equal argmaxes
 * @param metricAtol largest difference of a benchmark metric
 * @param generationsMin smallest share of identical greedy generations
 * @param reboundMax largest share of the way back to the model before unlearning
 */
public record VerifySettings(
    double logitAtol,
    double klMax,
    double top1Min,
    double metricAtol,
    double generationsMin,
    double reboundMax) {}
