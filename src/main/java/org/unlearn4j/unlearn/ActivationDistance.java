package org.unlearn4j.unlearn;

import java.util.Optional;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.tf.Dimensions;

/**
 * Squared distance of activations from where they should be: {@code mean_i (1/n_i) sum over
 * labelled tokens of mean_d (h - target)^2}, activations AT the labelled positions. With a control
 * vector as target it is RMU's forget loss, with the frozen model's activations its retain loss
 * {@code EmbedDiff} (Li et al. 2024).
 *
 * @param target empty: the activations of the frozen model
 */
record ActivationDistance(Segment segment, FeatureLayer layer, Optional<ControlVector> target)
    implements Term {

  @Override
  public Set<Segment> segments() {
    return Set.of(segment);
  }

  @Override
  public Set<Segment> scored() {
    return Set.of();
  }

  @Override
  public Set<Segment> frozenStates() {
    return target.isPresent() ? Set.of() : Set.of(segment);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    Operand<TFloat32> h = c.states(segment, layer); // [labelled, hidden]
    Operand<TFloat32> wanted =
        target.isPresent() ? tf.constant(target.get().values()) : c.frozenStates(segment, layer);
    Operand<TFloat32> square = tf.math.square(tf.math.sub(h, wanted));
    Operand<TFloat32> width = Dimensions.count(tf, h, 1);
    Operand<TFloat32> each = tf.math.div(tf.sum(square, tf.constant(-1)), width); // [labelled]
    Operand<TFloat32> rows = tf.math.div(c.byRow(segment, each), c.rowTokens(segment));
    return tf.math.div(tf.sum(rows, tf.constant(0)), c.stepRows(segment));
  }
}
