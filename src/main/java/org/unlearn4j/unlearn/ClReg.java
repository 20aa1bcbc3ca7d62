package org.unlearn4j.unlearn;

import java.util.ArrayList;
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
 *
 * @param stopGradient retain features take no gradient, so that they are not moved on purpose
 * @param queued negatives are also read from the queue
 */
public record ClReg(
    List<FeatureLayer> layers, double temperature, boolean stopGradient, boolean queued)
    implements Term {

  public ClReg {
    layers = List.copyOf(layers);
    if (layers.isEmpty() || !(temperature > 0)) {
      throw new IllegalArgumentException("CLReg needs a layer and a temperature above 0");
    }
  }

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET, Segment.POSITIVE, Segment.RETAIN);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    List<Operand<TFloat32>> perLayer = new ArrayList<>();
    for (FeatureLayer layer : layers) {
      perLayer.add(layerLoss(tf, c, layer));
    }
    Operand<TFloat32> sum = perLayer.size() == 1 ? perLayer.get(0) : tf.math.addN(perLayer);
    return tf.math.mul(sum, tf.constant(1f / layers.size()));
  }

  private Operand<TFloat32> layerLoss(Ops tf, StepContext c, FeatureLayer layer) {
    Operand<TFloat32> anchor = unit(tf, c.pooled(Segment.FORGET, layer)); // [forget, hidden]
    Operand<TFloat32> positive = unit(tf, c.pooled(Segment.POSITIVE, layer)); // [forget, hidden]
    Operand<TFloat32> retain = unit(tf, c.pooled(Segment.RETAIN, layer)); // [retain, hidden]
    Operand<TFloat32> negative = stopGradient ? tf.stopGradient(retain) : retain;
    if (queued) {
      negative = tf.concat(List.of(negative, c.queue()), tf.constant(0));
    }
    Operand<TFloat32> agreement =
        tf.sum(tf.math.mul(anchor, positive), tf.constant(-1), Sum.keepDims(true)); // [forget, 1]
    Operand<TFloat32> similarity =
        tf.linalg.matMul(anchor, negative, MatMul.transposeB(true)); // [forget, negatives]
    Operand<TFloat32> scores =
        tf.math.mul(
            tf.concat(List.of(agreement, similarity), tf.constant(-1)),
            tf.constant((float) (1 / temperature)));
    // Cross-entropy whose right answer is column 0, the positive.
    Operand<TInt32> first =
        tf.fill(tf.reshape(c.rows(Segment.FORGET), tf.array(1)), tf.constant(0));
    Operand<TFloat32> each = tf.nn.sparseSoftmaxCrossEntropyWithLogits(scores, first).loss();
    return tf.math.div(tf.sum(each, tf.constant(0)), c.stepRows(Segment.FORGET));
  }

  private static Operand<TFloat32> unit(Ops tf, Operand<TFloat32> x) {
    Operand<TFloat32> square = tf.sum(tf.math.square(x), tf.constant(-1), Sum.keepDims(true));
    return tf.math.mul(x, tf.math.rsqrt(tf.math.maximum(square, tf.constant(1e-24f))));
  }
}
