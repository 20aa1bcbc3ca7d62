package org.unlearn4j.nn;

/**
 * A gated activation whose inputs are bounded (gpt-oss): with {@code g = min(gate, limit)} and
 * {@code u = max(-limit, min(up, limit))} it is {@code (u + 1) * g * sigmoid(alpha * g)}.
 *
 * @param alpha 1.702 makes the sigmoid's product close to GELU
 * @param limit greater than 0
 */
public record ClampedGate(double alpha, double limit) {}
