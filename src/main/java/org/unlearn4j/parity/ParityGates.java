package org.unlearn4j.parity;

/**
 * Tolerances. There are no defaults here: the pipeline file is their one home.
 *
 * <p>An infinite tolerance measures without judging, as for the logits of a quantised file; even
 * then a value that is not a number fails.
 *
 * @param logitAtol largest absolute difference between two logits, also between decoding with and
 *     without the key-value cache
 * @param klMax largest mean, and largest 99.9th percentile, of KL(trained || deployed) over
 *     labelled tokens, in nats
 * @param top1Min least share of labelled tokens for which both name the same most probable token
 * @param metricAtol largest absolute difference of a metric, and largest fall of model utility
 * @param generationsMin least share of identical greedy generations
 * @param reboundMax largest share of the way that unlearning had moved a forget metric by which the
 *     deployed file may move it back
 */
public record ParityGates(
    double logitAtol,
    double klMax,
    double top1Min,
    double metricAtol,
    double generationsMin,
    double reboundMax) {}
