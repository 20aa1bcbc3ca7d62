package org.unlearn4j.config;

import java.util.Optional;

/**
 * The unlearning stage. A micro-batch is {@code loop.batchSize} forget rows and as many retain
 * rows.
 *
 * @param clreg empty where the regulariser is off (no block, or weight 0)
 */
public record UnlearnSettings(
    ObjectiveSettings objective, Optional<ClRegSettings> clreg, LoopSettings loop) {}
