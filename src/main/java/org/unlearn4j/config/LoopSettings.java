package org.unlearn4j.config;

import java.util.Optional;

/**
 * A training loop, for teaching and for unlearning alike.
 *
 * @param epochs passes over the rows that are taught or forgotten
 * @param batchSize rows of a micro-batch
 * @param accumulate micro-batches of an optimiser step
 * @param learningRate peak of the schedule
 * @param warmupEpochs epochs (or a part of one) of linear warm-up
 * @param optimizer what makes updates of gradients
 * @param checkpointEvery epochs between checkpoints; 0: none
 * @param recompute whether each block's activations are computed again in the backward pass instead
 *     of being kept
 * @param adapter what learns in the model's place; empty: the model learns
 * @param router weight of the loss that balances experts
 */
public record LoopSettings(
    int epochs,
    int batchSize,
    int accumulate,
    double learningRate,
    Schedule schedule,
    double warmupEpochs,
    OptimizerSettings optimizer,
    long seed,
    int checkpointEvery,
    boolean recompute,
    Optional<AdapterSettings> adapter,
    RouterWeight router) {

  /** What the learning rate does after the warm-up. */
  public enum Schedule implements Spelled {
    CONSTANT("constant"),
    LINEAR("linear"),
    COSINE("cosine");

    private final String spelling;

    Schedule(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
