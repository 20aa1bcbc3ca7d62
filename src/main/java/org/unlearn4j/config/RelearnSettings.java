package org.unlearn4j.config;

import java.util.OptionalDouble;

/**
 * The stage that asks whether what was forgotten stays forgotten.
 *
 * @param share of the forget rows that are taught again, greater than 0, at most 1
 * @param gainMax by how much more than for the retain-only model rows that were not taught may
 *     become likelier; empty: that is shown, not judged
 */
public record RelearnSettings(double share, OptionalDouble gainMax, LoopSettings loop) {}
