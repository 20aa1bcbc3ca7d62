package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceMax;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.weights.DType;

/**
 * AdamW with block-wise 8-bit moments (Dettmers et al. 2022, "8-bit Optimizers via Block-wise
 * Quantization"). Between steps a moment lies there as codes, and for every block of 256 values
 * their largest absolute value in float32; a code stands for a number of a {@link DynamicMap} times
 * that. A step widens the moments of one parameter, moves them and the parameter as {@link AdamW}
 * does, and keeps the nearest codes. Parameters with fewer than 4096 values keep float32 moments,
 * as published.
 *
 * <p>The paper has blocks of 2048, its authors' code later 256: an outlier spoils fewer neighbours
 * then, for 2.03 bytes a parameter in place of 2.004.
 */
final class AdamW8bit implements UpdateRule {
  static final int BLOCK = 256;
  static final int SMALLEST = 4096;

  private final Ops tf;
  private final Variables variables;
  private final AdamW small;
  private final Moment first;
  private final Moment second;

  /** One of the moments, as it lies there. */
  private static final class Moment {
    final Variables codes;
    final Variables scales;
    final Operand<TFloat32> values;
    final Operand<TFloat32> middles;
    final double beta;

    Moment(
        TfRuntime runtime,
        Ops tf,
        String name,
        List<Parameter> large,
        DynamicMap map,
        double beta) {
      this.beta = beta;
      codes =
          new Variables(
              runtime,
              name + "_codes",
              large.stream().map(AdamW8bit::codes).toList(),
              p -> DType.U8);
      scales =
          new Variables(runtime, name + "_scales", large.stream().map(AdamW8bit::scales).toList());
      values = tf.constant(map.values());
      middles = tf.constant(new float[][] {map.middles()});
    }
  }

  /**
   * Adds the moments to a graph.
   *
   * @param variables that hold the parameters
   */
  AdamW8bit(TfRuntime runtime, Variables variables, List<Parameter> parameters) {
    this.variables = variables;
    tf = runtime.ops().withSubScope("adamw8bit");
    small = new AdamW(runtime, variables, parameters.stream().filter(p -> !large(p)).toList());
    List<Parameter> large = parameters.stream().filter(AdamW8bit::large).toList();
    first = new Moment(runtime, tf, "adamw8bit_m", large, DynamicMap.signed(), AdamW.BETA1);
    second = new Moment(runtime, tf, "adamw8bit_v", large, DynamicMap.unsigned(), AdamW.BETA2);
  }

  private static boolean large(Parameter p) {
    return p.size() >= SMALLEST;
  }

  private static int blocks(Parameter p) {
    return Math.toIntExact((p.size() + BLOCK - 1) / BLOCK);
  }

  private static Parameter codes(Parameter p) {
    return new Parameter(p.name(), List.of(blocks(p), BLOCK), Parameter.Init.ZEROS);
  }

  private static Parameter scales(Parameter p) {
    return new Parameter(p.name(), List.of(blocks(p), 1), Parameter.Init.ZEROS);
  }

  /** Bytes that are remembered of these parameters. */
  static long bytes(List<Parameter> parameters) {
    return parameters.stream()
        .mapToLong(p -> 2 * (large(p) ? blocks(p) * (BLOCK + 4L) : 4 * p.size()))
        .sum();
  }

  @Override
  public List<Op> update(Parameter p, Operand<TFloat32> gradient, List<Op> before) {
    if (!large(p)) {
      return small.update(p, gradient, before);
    }
    Ops late = tf.withControlDependencies(before);
    Operand<TFloat32> g = blockwise(late, p, gradient);
    List<Op> all = new ArrayList<>();
    Operand<TFloat32> v =
        tf.math.add(
            widened(late, second, p),
            tf.math.mul(late.math.square(g), tf.constant((float) (1 - AdamW.BETA2))));
    Operand<TFloat32> root = tf.math.add(tf.math.sqrt(v), small.epsilon());
    // One array after the other: TensorFlow would make them all at once.
    List<Op> kept =
        narrowed(
            tf.withControlDependencies(root),
            second,
            p,
            v,
            tf.reduceMax(v, tf.array(1), ReduceMax.keepDims(true)));
    Ops later = tf.withControlDependencies(kept);
    Operand<TFloat32> m =
        tf.math.add(
            widened(later, first, p), later.math.mul(g, tf.constant((float) (1 - AdamW.BETA1))));
    Operand<TFloat32> u = tf.math.mul(tf.math.div(m, root), small.rate());
    Op moved =
        tf.withControlDependencies(before).assignSubVariableOp(variables.handle(p), whole(p, u));
    Ops last = tf.withControlDependencies(moved);
    Operand<TFloat32> most = tf.reduceMax(last.math.abs(m), tf.array(1), ReduceMax.keepDims(true));
    all.addAll(kept);
    all.add(moved);
    all.addAll(narrowed(tf.withControlDependencies(most), first, p, m, most));
    return all;
  }

  /** {@code [blocks, 256]}, zeros behind the last value. */
  private static Operand<TFloat32> blockwise(Ops tf, Parameter p, Operand<TFloat32> gradient) {
    int[] shape = {blocks(p), BLOCK};
    int missing = Math.toIntExact((long) blocks(p) * BLOCK - p.size());
    if (missing == 0) {
      return tf.reshape(gradient, tf.constant(shape));
    }
    Operand<TFloat32> flat = tf.reshape(gradient, tf.array(-1));
    return tf.reshape(
        tf.pad(flat, tf.constant(new int[][] {{0, missing}}), tf.constant(0f)), tf.constant(shape));
  }

  /** Back to the parameter's shape. */
  private Operand<TFloat32> whole(Parameter p, Operand<TFloat32> blocks) {
    int[] shape = p.shape().stream().mapToInt(Integer::intValue).toArray();
    Operand<TFloat32> flat =
        p.size() % BLOCK == 0
            ? blocks
            : tf.slice(
                tf.reshape(blocks, tf.array(-1)), tf.array(0), tf.array(Math.toIntExact(p.size())));
    return tf.reshape(flat, tf.constant(shape));
  }

  /** What a moment was, times its beta: {@code [blocks, 256]}. */
  private Operand<TFloat32> widened(Ops late, Moment moment, Parameter p) {
    Operand<TInt32> codes = late.dtypes.cast(moment.codes.codes(codes(p)), TInt32.class);
    Operand<TFloat32> scales =
        tf.math.mul(moment.scales.read(scales(p)), tf.constant((float) moment.beta));
    return tf.math.mul(tf.gather(moment.values, codes, tf.constant(0)), scales);
  }

  /** Keeps the codes that are nearest to a moment. */
  private List<Op> narrowed(
      Ops late, Moment moment, Parameter p, Operand<TFloat32> x, Operand<TFloat32> most) {
    Operand<TFloat32> flat =
        tf.reshape(late.math.divNoNan(x, most), tf.constant(new int[] {1, blocks(p) * BLOCK}));
    Operand<TUint8> codes =
        tf.reshape(
            tf.dtypes.cast(tf.upperBound(moment.middles, flat), TUint8.class),
            tf.constant(new int[] {blocks(p), BLOCK}));
    return List.of(
        tf.assignVariableOp(moment.codes.handle(codes(p)), codes),
        tf.assignVariableOp(moment.scales.handle(scales(p)), most));
  }

  @Override
  public boolean oneAtATime() {
    return true;
  }

  @Override
  public List<Variables> state() {
    List<Variables> state = new ArrayList<>(small.state());
    state.addAll(List.of(first.codes, first.scales, second.codes, second.scales));
    return state;
  }

  @Override
  public void feed(Feeds feeds, int t, double lr) {
    small.feed(feeds, t, lr);
  }
}
