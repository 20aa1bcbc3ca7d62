package org.unlearn4j.unlearn;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.tf.Dimensions;

/**
 * Squared distance of activations from where they should be: {@code mean_i (1/n_i) sum over
 * labelled tokens of mean_d (h - target)^2}, activations AT the labelled positions. With a control
 * vector as target it is RMU's forget loss, with the frozen model's activations its retain loss
 * {@code EmbedDiff} (Li et al. 2024); at several layers their mean.
 *
 * @param control where activations are steered; empty: where the frozen model has them
 * @param adaptive each token's target is the control vector times the length of the frozen model's
 *     activation there (Huu-Tien et al. 2024)
 */
record ActivationDistance(
    Segment segment, List<FeatureLayer> layers, Optional<ControlVector> control, boolean adaptive)
    implements Term {

  ActivationDistance {
    layers = List.copyOf(layers);
  }

  /** RMU's forget loss. */
  static ActivationDistance steered(FeatureLayer layer, ControlVector control, boolean adaptive) {
    return new ActivationDistance(Segment.FORGET, List.of(layer), Optional.of(control), adaptive);
  }

  /** {@code EmbedDiff}. */
  static ActivationDistance kept(List<FeatureLayer> layers) {
    return new ActivationDistance(Segment.RETAIN, layers, Optional.empty(), false);
  }

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
    return control.isPresent() && !adaptive ? Set.of() : Set.of(segment);
  }

  @Override
  public Operand<TFloat32> value(Ops tf, StepContext c) {
    return Features.mean(tf, c, segment, layers, (ops, layer) -> each(ops, c, layer));
  }

  /** {@code [rows]}. */
  private Operand<TFloat32> each(Ops tf, StepContext c, FeatureLayer layer) {
    Operand<TFloat32> h = c.states(segment, layer); // [labelled, hidden]
    Operand<TFloat32> square = tf.math.square(tf.math.sub(h, target(tf, c, layer)));
    Operand<TFloat32> width = Dimensions.count(tf, h, 1);
    Operand<TFloat32> each = tf.math.div(tf.sum(square, tf.constant(-1)), width); // [labelled]
    return tf.math.div(c.byRow(segment, each), c.rowTokens(segment));
  }

  /** {@code [hidden]} or {@code [labelled, hidden]}. */
  private Operand<TFloat32> target(Ops tf, StepContext c, FeatureLayer layer) {
    if (control.isEmpty()) {
      return c.frozenStates(segment, layer);
    }
    Operand<TFloat32> vector = tf.constant(control.get().values());
    return adaptive ? tf.math.mul(length(tf, c.frozenStates(segment, layer)), vector) : vector;
  }

  /** Of vectors, {@code [labelled, hidden] -> [labelled, 1]}. */
  private static Operand<TFloat32> length(Ops tf, Operand<TFloat32> x) {
    return tf.math.sqrt(tf.sum(tf.math.square(x), tf.constant(-1), Sum.keepDims(true)));
  }
}
