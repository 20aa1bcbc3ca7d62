package org.unlearn4j.inspect;

import java.util.List;
import org.unlearn4j.base.Tree;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.train.MemoryPlan;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;

/**
 * How much memory a model needs, in MiB, for a step of the default pipeline: {@link MemoryPlan},
 * which every training prints for its own settings. The program itself comes on top (0.4 to 0.8 GiB
 * with TensorFlow loaded).
 */
record MemoryNeeds(Decoder decoder) {
  private static final int TIME = 256;
  private static final int LABELLED = TIME / 2;
  private static final int FLOAT = 4;
  private static final long MEBIBYTE = 1L << 20;

  Tree tree() {
    Pipeline defaults = Pipeline.defaults("NPO", List.of("unlearn.clreg.weight=0.1"));
    int rows = defaults.unlearn().loop().batchSize();
    int time = Math.min(TIME, decoder.config().maxPositions());
    int all = rows * objective("NLL").segments().size();
    long parameters = decoder.parameters().stream().mapToLong(Parameter::size).sum();
    return new Tree()
        .put("unit", "MiB")
        .put("activations_for", all + " rows of " + time + " tokens, an estimate")
        .put("frozen_twin_for", "KL and EmbedDiff (retain), UNDIAL, RMU, CircuitBreaker; no others")
        .put("unlearn_fp32", unlearn(Precision.FP32, "NLL", false))
        .put("unlearn_fp32_recompute", unlearn(Precision.FP32, "NLL", true))
        .put("unlearn_fp32_with_twin", unlearn(Precision.FP32, "KL", false))
        .put("unlearn_bf16", unlearn(Precision.BF16, "NLL", false))
        .put("unlearn_bf16_recompute", unlearn(Precision.BF16, "NLL", true))
        .put("unlearn_bf16_with_twin", unlearn(Precision.BF16, "KL", false))
        .put("serve_fp32", mebibytes(parameters * FLOAT))
        .put("cache_per_1000_tokens", mebibytes(1000 * cachePerToken()));
  }

  private Objective objective(String retain) {
    List<String> sets = List.of("unlearn.clreg.weight=0.1", "unlearn.objective.retain=" + retain);
    return Objectives.of(Pipeline.defaults("NPO", sets).unlearn(), decoder);
  }

  /**
   * A step of NPO with CLReg.
   *
   * @param retain loss, which decides whether there is a frozen twin
   */
  long unlearn(Precision precision, String retain, boolean recompute) {
    Objective objective = objective(retain);
    int rows = Pipeline.defaults("NPO", List.of()).unlearn().loop().batchSize();
    int time = Math.min(TIME, decoder.config().maxPositions());
    return mebibytes(
        MemoryPlan.of(
                decoder,
                objective,
                new Computation(precision, Device.GPU, recompute),
                false,
                MemoryPlan.Batch.of(objective, rows, time, Math.min(LABELLED, time)))
            .total());
  }

  /** Keys and values of all layers. */
  private long cachePerToken() {
    ModelConfig config = decoder.config();
    return 2L * FLOAT * config.layers() * config.kvHeads() * config.headDim();
  }

  private static long mebibytes(long bytes) {
    return (bytes + MEBIBYTE - 1) / MEBIBYTE;
  }
}
