package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;

/**
 * Draws the forget rows of a batch together, so that no two questions can be told apart: mean over
 * forget rows i of {@code 1 - (1/B) sum_k z_i.z_k}, over the rows k of the micro-batch, i among
 * them. It needs neither views nor negatives. This project's own.
 */
public record Compactness(Features features) implements Regulariser {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    return features.mean(tf, c, (ops, layer) -> each(ops, c, layer));
  }

  private Operand<TFloat32> each(Ops tf, StepContext c, FeatureLayer layer) {
    Operand<TFloat32> anchor = features.of(tf, c, Segment.FORGET, layer); // [forget, hidden]
    Operand<TFloat32> cosine = tf.linalg.matMul(anchor, anchor, MatMul.transposeB(true));
    return tf.math.sub(tf.constant(1f), tf.math.mean(cosine, tf.constant(-1)));
  }
}
