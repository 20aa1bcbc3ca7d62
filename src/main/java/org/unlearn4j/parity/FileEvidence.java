package org.unlearn4j.parity;

/**
 * What is known of a deployed file by itself: what its weights are, and what they compute where
 * they were trained.
 *
 * @param weights read back from the file
 * @param readBack logits of those weights on the trained side's runtime
 * @param limits of the file's graph against them
 */
public record FileEvidence(WeightEvidence weights, ReferenceLogits readBack, ParityGates limits) {}
