package org.unlearn4j.init;

import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.inspect.UnlearningPlans;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.train.MemoryPlan;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;

/**
 * The memory that training may take.
 *
 * @param bytes that are free
 * @param gpu whether they are a GPU's, on which the program itself takes nothing
 */
public record Room(long bytes, boolean gpu) {
  private static final double GIB = 1L << 30;

  /**
   * A way with what it takes.
   *
   * @param bytes of the plan, on the host with the program itself
   */
  record Fit(Way way, long bytes) {}

  /** The first way that fits, with room for the plan's error. */
  Optional<Fit> first(ModelFacts model, Pipeline pipeline, TrainingData rows) {
    for (Way way : Way.all(pipeline.unlearn().loop().batchSize(), model.rank())) {
      long taken = plan(model, pipeline.with(way.sets()), rows);
      if (taken <= bytes * (1 - UnlearningPlans.MARGIN)) {
        return Optional.of(new Fit(way, taken));
      }
    }
    return Optional.empty();
  }

  /** As the training itself plans before its first step. */
  private long plan(ModelFacts model, Pipeline pipeline, TrainingData rows) {
    UnlearnSettings unlearn = pipeline.unlearn();
    Objective objective = Objectives.forTraining(unlearn, model.decoder(), model.formats());
    ModelSettings.Precision asked = pipeline.model().precision();
    // Not settled yet: float32 needs more memory.
    Precision precision =
        asked == ModelSettings.Precision.AUTO ? Precision.FP32 : Precision.valueOf(asked.name());
    MemoryPlan plan =
        MemoryPlan.of(
            model.decoder(),
            objective,
            new Computation(precision, gpu ? Device.GPU : Device.CPU, unlearn.loop().recompute()),
            unlearn.loop().optimizer().form(),
            unlearn.loop().accumulate() > 1,
            MemoryPlan.Batch.largest(objective, unlearn.loop().batchSize(), rows));
    return plan.total() + (gpu ? 0 : UnlearningPlans.PROGRAM);
  }

  /** In GiB, with a digit behind the point. */
  static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / GIB);
  }
}
