package org.unlearn4j.unlearn;

import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * Representation rerouting, the forget loss of circuit breakers (Zou et al. 2024): {@code mean_l
 * mean_i ( (1/n_i) sum over labelled tokens of max(0, cos(h_l, h_l^ref)) + w a_li )}, activations
 * AT the labelled positions. A token whose activation is at a right angle to the frozen model's has
 * no gradient.
 *
 * <p>This project's own is {@code a_li = (1/(B-1)) sum_(k != i) max(0, z_li.z_lk)} over the rows k
 * of the micro-batch, z being unit vectors of the rows' mean activations: rows that went the same
 * way could be turned back by one step. Its mean over rows is that over pairs of rows; a row by
 * itself has 0.
 *
 * @param features layers, and how rows are compared
 * @param orthogonality w; 0: rows are not compared
 */
record Rerouting(Features features, double orthogonality) implements Term {

  static Rerouting at(List<FeatureLayer> layers, double orthogonality) {
    return new Rerouting(Features.of(layers.toArray(FeatureLayer[]::new)), orthogonality);
  }

  @Override
  public Set<Segment> segments() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Set<Segment> scored() {
    return Set.of();
  }

  @Override
  public Set<Segment> frozenStates() {
    return Set.of(Segment.FORGET);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    return features.mean(tf, c, (ops, layer) -> each(ops, c, layer));
  }

  /** {@code [forget]}. */
  private Operand<TFloat32> each(Ops tf, StepContext c, FeatureLayer layer) {
    Operand<TFloat32> h = Features.unit(tf, c.states(Segment.FORGET, layer)); // [labelled, hidden]
    Operand<TFloat32> was = Features.unit(tf, c.frozenStates(Segment.FORGET, layer));
    Operand<TFloat32> cosine = tf.sum(tf.math.mul(h, was), tf.constant(-1)); // [labelled]
    Operand<TFloat32> along =
        tf.math.div(
            c.byRow(Segment.FORGET, tf.nn.relu(cosine)), c.rowTokens(Segment.FORGET)); // [forget]
    return orthogonality == 0
        ? along
        : tf.math.add(along, tf.math.mul(alike(tf, c, layer), tf.constant((float) orthogonality)));
  }

  /** How far each row is from a right angle to the others, {@code [forget]}. */
  private Operand<TFloat32> alike(Ops tf, StepContext c, FeatureLayer layer) {
    Operand<TFloat32> z = features.of(tf, c, Segment.FORGET, layer); // [forget, hidden]
    Operand<TFloat32> cosine = tf.linalg.matMul(z, z, MatMul.transposeB(true));
    Operand<TInt32> rows = c.rows(Segment.FORGET);
    Operand<TFloat32> others =
        tf.oneHot(
            tf.range(tf.constant(0), rows, tf.constant(1)),
            rows,
            tf.constant(0f),
            tf.constant(1f)); // 0 on the diagonal
    Operand<TFloat32> count =
        tf.dtypes.cast(
            tf.math.maximum(tf.math.sub(rows, tf.constant(1)), tf.constant(1)), TFloat32.class);
    Operand<TFloat32> sum =
        tf.sum(tf.math.mul(tf.nn.relu(cosine), others), tf.constant(-1)); // [forget]
    return tf.math.div(sum, count);
  }
}
