package org.unlearn4j.unlearn;

import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.tf.Dimensions;

/**
 * A hinge on cosines: mean over forget rows i and kept rows j of {@code max(0, z_i.z_j - margin)}.
 * It pushes as {@link ClReg} does, only where vectors are too close, and needs no augmented view:
 * the cheapest of the regularisers. This project's own.
 *
 * @param margin the cosine that is allowed
 */
public record MarginRegulariser(Features features, double margin) implements Regulariser {

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET, Segment.RETAIN);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    return features.mean(tf, c, (ops, layer) -> each(ops, c, layer));
  }

  private Operand<TFloat32> each(Ops tf, StepContext c, FeatureLayer layer) {
    Operand<TFloat32> anchor = features.of(tf, c, Segment.FORGET, layer); // [forget, hidden]
    Operand<TFloat32> kept = features.kept(tf, c, layer); // [kept, hidden]
    Operand<TFloat32> cosine = tf.linalg.matMul(anchor, kept, MatMul.transposeB(true));
    Operand<TFloat32> over =
        tf.nn.relu(tf.math.sub(cosine, tf.constant((float) margin))); // [forget, kept]
    return tf.math.div(tf.sum(over, tf.constant(-1)), Dimensions.count(tf, kept, 0));
  }
}
