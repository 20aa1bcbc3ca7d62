package org.unlearn4j.train;

import java.util.List;
import java.util.Map;
import org.unlearn4j.unlearn.CollatedBatch;
import org.unlearn4j.unlearn.FeatureLayer;

/**
 * Everything that one step is fed.
 *
 * @param micro its micro-batches; of a step that takes its parts one by one those rows that are
 *     left to the retain loss, and to the regulariser unless that has its own
 * @param forgetting the same with the rows that the forget part reads and no others
 * @param comparing the same for the regulariser, where its gradient is summed with that of the
 *     forget part; the forget loss is taken of them too, unless an attack moves the weights for it
 * @param lessons forget rows of other steps in the place of retain rows, one batch a step of an
 *     attack that learns
 * @param tokens of the step's rows, each counted once, without padding and without lessons
 */
record StepBatches(
    List<CollatedBatch> micro,
    List<CollatedBatch> forgetting,
    List<CollatedBatch> comparing,
    List<CollatedBatch> lessons,
    long tokens) {

  /** Of a step that takes all parts at once. */
  static StepBatches of(List<CollatedBatch> micro) {
    long tokens = micro.stream().mapToLong(CollatedBatch::tokens).sum();
    return new StepBatches(micro, List.of(), List.of(), List.of(), tokens);
  }

  /** The same with what a queue holds, which is known only when the step before is over. */
  StepBatches withQueue(Map<FeatureLayer, List<float[]>> queued) {
    return new StepBatches(
        queued(micro, queued), forgetting, queued(comparing, queued), lessons, tokens);
  }

  private static List<CollatedBatch> queued(
      List<CollatedBatch> batches, Map<FeatureLayer, List<float[]>> queue) {
    return batches.stream().map(b -> b.withQueue(queue)).toList();
  }
}
