package org.unlearn4j.config;

/**
 * The stage that asks whether what was forgotten stays forgotten.
 *
 * @param share of the forget rows that are taught again, greater than 0, at most 1
 */
public record RelearnSettings(double share, LoopSettings loop) {}
