package org.unlearn4j.unlearn;

import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The contrastive representation regulariser, after Tang and Khanna (arXiv 2601.22028); the
 * concrete form is this project's own. Per layer, with unit vectors z_i of the forget rows, z_i+ of
 * their augmented views, z_j of the retain rows and q of the queue:
 *
 * <pre>
 *   -(1/B) sum_i log( e^(z_i.z_i+ / tau) / ( e^(z_i.z_i+ / tau) + sum_j e^(z_i.z_j / tau) + sum_q e^(z_i.q / tau) ) )
 * </pre>
 *
 * The value is the mean over the layers.
 */
public record ClReg(Features features, double temperature) implements Regulariser {

  public ClReg {
    Temperature.require(temperature);
  }

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET, Segment.POSITIVE, Segment.RETAIN);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    return features.mean(tf, c, (ops, layer) -> each(ops, c, layer));
  }

  private Operand<TFloat32> each(Ops tf, StepContext c, FeatureLayer layer) {
    Operand<TFloat32> anchor = features.of(tf, c, Segment.FORGET, layer); // [forget, hidden]
    Operand<TFloat32> positive = features.of(tf, c, Segment.POSITIVE, layer); // [forget, hidden]
    Operand<TFloat32> negative = features.kept(tf, c, layer); // [retain + queued, hidden]
    Operand<TFloat32> agreement =
        tf.sum(tf.math.mul(anchor, positive), tf.constant(-1), Sum.keepDims(true)); // [forget, 1]
    Operand<TFloat32> similarity =
        tf.linalg.matMul(anchor, negative, MatMul.transposeB(true)); // [forget, negatives]
    Operand<TFloat32> scores =
        Temperature.scale(
            tf, tf.concat(List.of(agreement, similarity), tf.constant(-1)), temperature);
    // Cross-entropy whose right answer is column 0, the positive.
    Operand<TInt32> first =
        tf.fill(tf.reshape(c.rows(Segment.FORGET), tf.array(1)), tf.constant(0));
    return tf.nn.sparseSoftmaxCrossEntropyWithLogits(scores, first).loss();
  }
}
