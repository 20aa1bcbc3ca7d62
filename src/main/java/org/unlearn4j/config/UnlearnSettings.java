package org.unlearn4j.config;

import java.util.Optional;

/**
 * The unlearning stage. A micro-batch is {@code loop.batchSize} forget rows and {@code retainRows}
 * retain rows for each.
 *
 * @param clreg empty where the regulariser is off (no block, or weight 0)
 * @param quantization empty where steps see full precision only
 * @param robust empty where the forget loss is taken at the weights as they are
 * @param combine empty where forget and retain gradient are added
 * @param surgery empty where nothing is cut afterwards
 * @param salientShare part of the blocks' matrices that learns; 1: the whole model does
 * @param retainRows retain rows beside each forget row
 * @param watch what is measured meanwhile; without rules it changes nothing about the result
 * @param tuning rules that read what is watched
 */
public record UnlearnSettings(
    ObjectiveSettings objective,
    Optional<ClRegSettings> clreg,
    Optional<QuantizationSettings> quantization,
    Optional<RobustSettings> robust,
    Optional<CombineSettings> combine,
    Optional<SurgerySettings> surgery,
    double salientShare,
    int retainRows,
    WatchSettings watch,
    TuningSettings tuning,
    LoopSettings loop) {}
