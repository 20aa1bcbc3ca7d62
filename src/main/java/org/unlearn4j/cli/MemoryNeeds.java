package org.unlearn4j.cli;

import org.unlearn4j.nn.ModelConfig;

/**
 * How much memory a model needs, in MiB.
 *
 * <p>What a parameter costs is exact: four bytes for its weight, its gradient and each of its two
 * moments, two more for the copy that matrix products in bfloat16 read, and the same for weight and
 * copy in a frozen twin. Activations are an estimate: what the layers keep for the backward pass,
 * for as many tokens as a step of the default pipeline has. For a model of 2.8 M parameters it says
 * 1067 MiB in float32 and 800 in bfloat16, of which {@code bench} measured 1000 and 830. The
 * program itself comes on top (0.5 to 0.8 GiB with TensorFlow loaded).
 *
 * @param parameters of the model, a tied one once
 */
record MemoryNeeds(ModelConfig config, long parameters) {
  /** Forget rows, their views and retain rows of a step of the default pipeline. */
  private static final int ROWS = 24;

  private static final int TIME = 256;
  private static final int FLOAT = 4;
  private static final int BRAIN = 2;
  private static final long MEBIBYTE = 1L << 20;

  Tree tree() {
    return new Tree()
        .put("unit", "MiB")
        .put("activations_for", ROWS + " rows of " + TIME + " tokens, an estimate")
        .put("frozen_twin_for", "KL and EmbedDiff (retain), UNDIAL, RMU; the others need no twin")
        .put("unlearn_fp32", unlearn(false, false))
        .put("unlearn_fp32_with_twin", unlearn(false, true))
        .put("unlearn_bf16", unlearn(true, false))
        .put("unlearn_bf16_with_twin", unlearn(true, true))
        .put("serve_fp32", mebibytes(parameters * FLOAT))
        .put("cache_per_1000_tokens", mebibytes(1000 * cachePerToken()));
  }

  private long unlearn(boolean brain, boolean twin) {
    int weight = FLOAT + (brain ? BRAIN : 0);
    int each = weight + 3 * FLOAT + (twin ? weight : 0);
    return mebibytes(parameters * each + activations(brain));
  }

  /** Keys and values of all layers. */
  private long cachePerToken() {
    return 2L * FLOAT * config.layers() * config.kvHeads() * config.headDim();
  }

  /**
   * A layer keeps about eight values of the residual stream's width, seven of the queries', six of
   * the keys', five of the MLP's, and its attention weights twice; the head keeps the logits of the
   * labelled half of the tokens twice. In bfloat16 about half of that is two bytes wide.
   */
  private long activations(boolean brain) {
    long layer =
        8L * config.hiddenSize()
            + 7L * config.heads() * config.headDim()
            + 6L * config.kvHeads() * config.headDim()
            + 5L * config.intermediateSize()
            + 2L * config.heads() * TIME;
    long token = config.layers() * layer + config.vocabSize();
    long bytes = (long) ROWS * TIME * token * FLOAT;
    return brain ? bytes * 3 / 4 : bytes;
  }

  private static long mebibytes(long bytes) {
    return (bytes + MEBIBYTE - 1) / MEBIBYTE;
  }
}
