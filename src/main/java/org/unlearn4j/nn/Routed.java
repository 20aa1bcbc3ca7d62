package org.unlearn4j.nn;

/**
 * A block with a mixture of experts.
 *
 * @param block its number, from 0
 * @param experts among which its router chooses
 * @param chosen experts a token goes through
 */
public record Routed(int block, int experts, int chosen) {}
