package org.unlearn4j.unlearn;

import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.tf.Dimensions;

/**
 * Supervised contrastive unlearning after Lee et al. (arXiv 2401.10458), who push what is forgotten
 * away from its own class and pull it towards those that remain; a language model's rows have two
 * classes here, forget and retain. With the other forget rows z_k and the views z_i+ as negatives
 * and every kept row z_j as a positive:
 *
 * <pre>
 *   -(1/B) sum_i (1/R) sum_j log( e^(z_i.z_j / tau) / ( e^(z_i.z_j / tau) + sum_(k != i) e^(z_i.z_k / tau) + e^(z_i.z_i+ / tau) ) )
 * </pre>
 *
 * It is the opposite hypothesis to {@link ClReg}: entanglement rises on purpose.
 */
public record SupervisedContrast(Features features, double temperature) implements Regulariser {

  public SupervisedContrast {
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
    Operand<TFloat32> view = features.of(tf, c, Segment.POSITIVE, layer); // [forget, hidden]
    Operand<TFloat32> kept = features.kept(tf, c, layer); // [kept, hidden]
    Operand<TFloat32> towards =
        Temperature.scale(tf, tf.linalg.matMul(anchor, kept, MatMul.transposeB(true)), temperature);
    Operand<TFloat32> own =
        Temperature.scale(
            tf,
            tf.sum(tf.math.mul(anchor, view), tf.constant(-1), Sum.keepDims(true)),
            temperature); // [forget, 1]
    Operand<TFloat32> others =
        Temperature.scale(
            tf, tf.linalg.matMul(anchor, anchor, MatMul.transposeB(true)), temperature);
    Operand<TFloat32> away =
        tf.concat(List.of(others, own), tf.constant(-1)); // [forget, forget + 1]
    // A row is not its own negative: its column is out of the sum.
    Operand<TInt32> rows = c.rows(Segment.FORGET);
    Operand<TInt32> width = tf.math.add(rows, tf.constant(1));
    Operand<TFloat32> itself =
        tf.oneHot(
            tf.range(tf.constant(0), rows, tf.constant(1)),
            width,
            tf.constant((float) SoftLabels.IMPOSSIBLE),
            tf.constant(0f));
    Operand<TFloat32> negatives = logSumExp(tf, tf.math.sub(away, itself)); // [forget, 1]
    // -log(e^p / (e^p + e^n)) = softplus(n - p)
    Operand<TFloat32> pairs = tf.math.softplus(tf.math.sub(negatives, towards)); // [forget, kept]
    return tf.math.div(tf.sum(pairs, tf.constant(-1)), Dimensions.count(tf, kept, 0));
  }

  private static Operand<TFloat32> logSumExp(Ops tf, Operand<TFloat32> x) {
    Operand<TFloat32> most =
        tf.stopGradient(
            tf.reduceMax(x, tf.constant(-1), org.tensorflow.op.core.ReduceMax.keepDims(true)));
    Operand<TFloat32> sum =
        tf.sum(tf.math.exp(tf.math.sub(x, most)), tf.constant(-1), Sum.keepDims(true));
    return tf.math.add(tf.math.log(sum), most);
  }
}
