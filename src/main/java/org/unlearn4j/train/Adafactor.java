package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;

/**
 * Adafactor (Shazeer and Stern 2018, algorithms 4 and 5) without first moments, t = 1, 2, ...:
 *
 * <pre>
 *   b = 1 - t^-0.8
 *   matrices:  r = b r + (1 - b) mean over columns (g^2 + 1e-30)
 *              c = b c + (1 - b) mean over rows (g^2 + 1e-30);  v = r c / mean(r)
 *   vectors:   v = b v + (1 - b) (g^2 + 1e-30)
 *   u = g / sqrt(v);  u /= max(1, RMS(u));  p -= lr * u
 * </pre>
 *
 * With means for the paper's sums, which gives the same v. Step sizes are absolute, those of the
 * schedule: the paper's relative ones, times RMS(p) or 1e-3 where that is less, would make other
 * rates of every setting, and next to nothing of adapters, which begin at zero.
 */
final class Adafactor implements UpdateRule {
  private static final double DECAY = 0.8;
  private static final float EPSILON = 1e-30f;

  private final Ops tf;
  private final Variables variables;
  private final Variables rows;
  private final Variables columns;
  private final Variables second;
  private final Placeholder<TFloat32> rate;
  private final Placeholder<TFloat32> kept;
  private final Placeholder<TFloat32> added;

  /**
   * Adds the second moments to a graph.
   *
   * @param variables that hold the parameters
   */
  Adafactor(TfRuntime runtime, Variables variables, List<Parameter> parameters) {
    this.variables = variables;
    tf = runtime.ops().withSubScope("adafactor");
    List<Parameter> matrices = parameters.stream().filter(Adafactor::factored).toList();
    rows =
        new Variables(runtime, "adafactor_r", matrices.stream().map(p -> without(p, 1)).toList());
    columns =
        new Variables(runtime, "adafactor_c", matrices.stream().map(p -> without(p, 2)).toList());
    second =
        new Variables(
            runtime, "adafactor_v", parameters.stream().filter(p -> !factored(p)).toList());
    rate = Optimizer.scalar(tf, "rate");
    kept = Optimizer.scalar(tf, "kept");
    added = Optimizer.scalar(tf, "added");
  }

  private static boolean factored(Parameter p) {
    return p.shape().size() >= 2;
  }

  /** Means of a parameter over one axis, which stays there with a size of one; from the last. */
  private static Parameter without(Parameter p, int fromEnd) {
    List<Integer> shape = new ArrayList<>(p.shape());
    shape.set(shape.size() - fromEnd, 1);
    return new Parameter(p.name(), shape, Parameter.Init.ZEROS);
  }

  /** Values that are remembered of these parameters. */
  static long remembered(List<Parameter> parameters) {
    return parameters.stream()
        .mapToLong(p -> factored(p) ? without(p, 1).size() + without(p, 2).size() : p.size())
        .sum();
  }

  @Override
  public List<Op> update(Parameter p, Operand<TFloat32> gradient, List<Op> before) {
    Ops late = tf.withControlDependencies(before);
    List<Op> all = new ArrayList<>();
    Operand<TFloat32> squares = late.math.add(late.math.square(gradient), tf.constant(EPSILON));
    Operand<TFloat32> u;
    if (factored(p)) {
      int last = p.shape().size() - 1;
      Operand<TFloat32> r = moved(rows, without(p, 1), mean(squares, last), all);
      Operand<TFloat32> c = moved(columns, without(p, 2), mean(squares, last - 1), all);
      Operand<TFloat32> scaled = tf.math.div(r, mean(r, last - 1));
      // Nothing as large as the parameter is begun before the squares are gone.
      Ops later = tf.withControlDependencies(List.of(r, c));
      u = tf.math.mul(later.math.mul(gradient, tf.math.rsqrt(scaled)), tf.math.rsqrt(c));
    } else {
      u = tf.math.mul(gradient, tf.math.rsqrt(moved(second, p, squares, all)));
    }
    Operand<TFloat32> meanSquare =
        tf.math.mul(tf.nn.l2Loss(u), tf.constant((float) (2.0 / p.size())));
    Operand<TFloat32> factor =
        tf.math.div(rate, tf.math.maximum(tf.constant(1f), tf.math.sqrt(meanSquare)));
    all.add(
        tf.withControlDependencies(before)
            .assignSubVariableOp(variables.handle(p), tf.math.mul(u, factor)));
    return all;
  }

  private Operand<TFloat32> mean(Operand<TFloat32> x, int axis) {
    return tf.math.mean(x, tf.array(axis), Mean.keepDims(true));
  }

  /** A moving mean, one step on. */
  private Operand<TFloat32> moved(Variables set, Parameter p, Operand<TFloat32> x, List<Op> all) {
    Operand<TFloat32> moved = tf.math.add(tf.math.mul(set.read(p), kept), tf.math.mul(x, added));
    all.add(tf.assignVariableOp(set.handle(p), moved));
    return moved;
  }

  @Override
  public boolean oneAtATime() {
    return true;
  }

  @Override
  public List<Variables> state() {
    return List.of(rows, columns, second);
  }

  @Override
  public void feed(Feeds feeds, int t, double lr) {
    double gone = Math.pow(t, -DECAY);
    feeds.floats(rate, new float[] {(float) lr});
    feeds.floats(kept, new float[] {(float) (1 - gone)});
    feeds.floats(added, new float[] {(float) gone});
  }
}
