package org.unlearn4j.run;

import org.unlearn4j.nn.ModelConfig;

/**
 * How many batches fit into memory at a time, where several are computed on the CPU.
 *
 * @param weights bytes of the model in float32, which all batches share
 * @param batch bytes that one batch takes at its largest
 */
record LanePlan(long weights, long batch) {
  /** Values of logits that scoring holds at a time, and what is made of them. */
  private static final long LOGITS = 4L << 18;

  /** Arrays of the logits' size that scoring on TensorFlow holds at a time. */
  private static final long SCORED = 5;

  /** Rows of a batch that is decoded have this many tokens at least, prompt and answer. */
  private static final int DECODED = 16;

  /**
   * The plan for a model.
   *
   * @param tokens most of a batch, padding included
   * @param length most of a row
   */
  static LanePlan of(ModelConfig c, int tokens, int length) {
    long hidden = c.hiddenSize();
    long keysAndValues = 2L * c.kvHeads() * c.headDim();
    long block = 4 * hidden * hidden + 3L * hidden * c.intermediateSize();
    long weights = c.layers() * block + 2L * c.vocabSize() * hidden;
    // Hidden states of every layer stay for the features; keys and values are there twice, as what
    // was and what is; one block's activations are there at a time.
    long token =
        (c.layers() + 2L) * hidden
            + 2L * c.layers() * keysAndValues
            + 8 * hidden
            + 3L * c.intermediateSize();
    long attention = 2L * c.heads() * tokens * Math.min(length, tokens);
    long decoded = 2L * (tokens / DECODED) * c.vocabSize();
    return new LanePlan(
        Float.BYTES * weights, Float.BYTES * (token * tokens + attention + decoded + LOGITS));
  }

  /**
   * The same where the logits of a whole batch are there at a time, as TensorFlow has them when it
   * scores: they, their logarithms and what the moments are made of.
   */
  LanePlan withLogits(int tokens, int vocab) {
    return new LanePlan(weights, batch + Float.BYTES * SCORED * tokens * vocab);
  }

  /** The same where each batch has weights of its own. */
  LanePlan apart() {
    return new LanePlan(0, weights + batch);
  }

  /** Batches at a time, of which half of what the weights leave is taken; at least one. */
  int most(long available) {
    long room = (available - weights) / 2;
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, room / batch));
  }
}
