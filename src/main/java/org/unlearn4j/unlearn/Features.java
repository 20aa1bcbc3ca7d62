package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TFloat32;

/**
 * Which features a regulariser compares: unit vectors, one a row.
 *
 * @param layers the regulariser's value is the mean over them
 * @param stopGradient retain features take no gradient, so that they are not moved on purpose
 * @param queued retain features of earlier steps join those of the batch
 * @param viewDropout probability with which the views' residual stream is dropped; 0: views differ
 *     from their rows in tokens
 */
public record Features(
    List<FeatureLayer> layers,
    RowPooling pooling,
    boolean stopGradient,
    boolean queued,
    double viewDropout) {

  public Features {
    layers = List.copyOf(layers);
    if (layers.isEmpty()) {
      throw new IllegalArgumentException("a regulariser needs a layer");
    }
  }

  /** Mean pooling, negatives of the batch alone, without gradient. */
  public static Features of(FeatureLayer... layers) {
    return new Features(List.of(layers), RowPooling.MEAN, true, false, 0);
  }

  /** Unit features of a segment at a layer: {@code [rows, hidden]}. */
  Operand<TFloat32> of(Ops tf, StepContext c, Segment segment, FeatureLayer layer) {
    return unit(tf, c.pooled(segment, layer, pooling));
  }

  /**
   * Unit features of what is kept, on all devices and in the queue: {@code [retain + queued,
   * hidden]}.
   */
  Operand<TFloat32> kept(Ops tf, StepContext c, FeatureLayer layer) {
    List<Operand<TFloat32>> parts = new ArrayList<>();
    c.devices().forEach(d -> parts.add(of(tf, d, Segment.RETAIN, layer)));
    Operand<TFloat32> retain = parts.size() == 1 ? parts.get(0) : tf.concat(parts, tf.constant(0));
    Operand<TFloat32> batch = stopGradient ? tf.stopGradient(retain) : retain;
    return queued ? tf.concat(List.of(batch, c.queue(layer)), tf.constant(0)) : batch;
  }

  /**
   * The mean over layers of a loss a forget row, summed over this micro-batch's rows and divided by
   * the step's.
   *
   * @param each {@code [forget]} at a layer
   */
  Operand<TFloat32> mean(
      Ops tf, StepContext c, BiFunction<Ops, FeatureLayer, Operand<TFloat32>> each) {
    return mean(tf, c, Segment.FORGET, layers, each);
  }

  /**
   * The same of any segment's rows.
   *
   * @param each {@code [rows]} at a layer
   */
  static Operand<TFloat32> mean(
      Ops tf,
      StepContext c,
      Segment segment,
      List<FeatureLayer> layers,
      BiFunction<Ops, FeatureLayer, Operand<TFloat32>> each) {
    List<Operand<TFloat32>> sums = new ArrayList<>();
    for (FeatureLayer layer : layers) {
      sums.add(tf.sum(each.apply(tf, layer), tf.constant(0)));
    }
    Operand<TFloat32> sum = sums.size() == 1 ? sums.get(0) : tf.math.addN(sums);
    Operand<TFloat32> rows = c.stepRows(segment);
    return tf.math.div(
        sums.size() == 1 ? sum : tf.math.mul(sum, tf.constant(1f / sums.size())), rows);
  }

  static Operand<TFloat32> unit(Ops tf, Operand<TFloat32> x) {
    Operand<TFloat32> square = tf.sum(tf.math.square(x), tf.constant(-1), Sum.keepDims(true));
    return tf.math.mul(x, tf.math.rsqrt(tf.math.maximum(square, tf.constant(1e-24f))));
  }
}
