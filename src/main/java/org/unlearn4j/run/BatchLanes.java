package org.unlearn4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.config.AttackSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.onnx.OrtModel;
import org.unlearn4j.onnx.OrtSettings;
import org.unlearn4j.tf.Computation;

/**
 * How many batches of a model are computed at a time: as many as there are threads, and memory for.
 * The one place that decides so.
 *
 * @param tokens most of a batch, padding included
 * @param processors that TensorFlow divides its work among
 * @param free bytes of the host's memory that may be taken
 */
record BatchLanes(Pipeline pipeline, int tokens, int processors, LongSupplier free) {
  /**
   * TensorFlow divides each operation among all threads. What a small one leaves idle, and what is
   * done between them, a second batch fills.
   */
  private static final int ON_TENSORFLOW = 2;

  private static BatchLanes here(Pipeline pipeline, int tokens) {
    int processors = Runtime.getRuntime().availableProcessors();
    return new BatchLanes(pipeline, tokens, processors, HostMemory::available);
  }

  /** Of rows that are measured. */
  static BatchLanes measuring(Pipeline pipeline) {
    return here(pipeline, pipeline.evaluate().tokenBudget());
  }

  /** Of attacks: all samples of a question are one batch at least. */
  static BatchLanes attacking(Pipeline pipeline, AttackSettings settings) {
    long samples = (long) settings.samples() * pipeline.data().maxLength();
    int most = (int) Math.min(Integer.MAX_VALUE, samples);
    return here(pipeline, Math.max(pipeline.evaluate().tokenBudget(), most));
  }

  /** Opens a model, ready for so many batches at a time. */
  LanguageModel open(Path model, String runtime) {
    return RuntimeModels.open(
        model, runtime, () -> tensorFlow(ModelConfig.read(model)), ort(model, runtime));
  }

  private OrtSettings ort(Path model, String runtime) {
    OrtSettings own = RuntimeModels.ort(pipeline);
    int wanted = own.forManyBatches().lanes();
    return runtime.startsWith("onnx") && wanted > 1 && Files.exists(model)
        ? own.forManyBatches(
            fitting(plan(OrtModel.configOf(model, RuntimeModels.variant(runtime))), wanted))
        : own.forManyBatches();
  }

  /** How TensorFlow measures a model. */
  Computation tensorFlow(ModelConfig config) {
    Computation one = RuntimeModels.measuring(pipeline.model());
    return one.inLanes(onTensorFlow(one, scoring(config)));
  }

  /** Models on TensorFlow at a time, each with weights of its own and one batch. */
  int apart(ModelConfig config) {
    return onTensorFlow(RuntimeModels.measuring(pipeline.model()), scoring(config).apart());
  }

  private int onTensorFlow(Computation how, LanePlan plan) {
    int wanted = Math.min(ON_TENSORFLOW, processors);
    return how.device().isGpu() || wanted == 1 ? 1 : fitting(plan, wanted);
  }

  private LanePlan scoring(ModelConfig config) {
    return plan(config).withLogits(tokens, config.vocabSize());
  }

  private LanePlan plan(ModelConfig config) {
    return LanePlan.of(
        config, tokens, Math.min(pipeline.data().maxLength(), config.maxPositions()));
  }

  private int fitting(LanePlan plan, int wanted) {
    int most = Math.min(plan.most(free.getAsLong()), wanted);
    if (most < wanted) {
      System.err.printf(
          Locale.ROOT,
          "evaluate: %d batches at a time instead of %d, one of which takes up to %d MiB%n",
          most,
          wanted,
          plan.batch() >> 20);
    }
    return most;
  }
}
