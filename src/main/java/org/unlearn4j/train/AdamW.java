package org.unlearn4j.train;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;

/**
 * AdamW (Loshchilov and Hutter 2019) but for the decay, t = 1, 2, ...:
 *
 * <pre>
 *   m = 0.9 m + 0.1 g;  v = 0.999 v + 0.001 g^2
 *   p -= lr * (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8)
 * </pre>
 *
 * TensorFlow's kernel puts epsilon beside the uncorrected square root; with lr and epsilon rescaled
 * by the bias corrections, which are computed here in double precision and fed, both forms are the
 * same.
 */
final class AdamW implements UpdateRule {
  static final double BETA1 = 0.9;
  static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8;

  private final Ops tf;
  private final Variables variables;
  private final Variables first;
  private final Variables second;
  private final Placeholder<TFloat32> rate;
  private final Placeholder<TFloat32> epsilon;
  private final Operand<TFloat32> zero;

  /**
   * Adds the moments to a graph.
   *
   * @param variables that hold the parameters
   * @param parameters those with moments
   */
  AdamW(TfRuntime runtime, Variables variables, List<Parameter> parameters) {
    this.variables = variables;
    tf = runtime.ops().withSubScope("adamw");
    first = new Variables(runtime, "adamw_m", parameters);
    second = new Variables(runtime, "adamw_v", parameters);
    rate = Optimizer.scalar(tf, "rate");
    epsilon = Optimizer.scalar(tf, "epsilon");
    zero = tf.constant(0f);
  }

  @Override
  public List<Op> update(Parameter p, Operand<TFloat32> gradient, List<Op> before) {
    return List.of(
        tf.withControlDependencies(before)
            .train
            .resourceApplyAdam(
                variables.handle(p),
                first.handle(p),
                second.handle(p),
                zero,
                zero,
                rate,
                tf.constant((float) BETA1),
                tf.constant((float) BETA2),
                epsilon,
                gradient));
  }

  /** TensorFlow's kernel makes nothing on its way. */
  @Override
  public boolean oneAtATime() {
    return false;
  }

  @Override
  public List<Variables> state() {
    return List.of(first, second);
  }

  /** Learning rate with both bias corrections in it, a scalar. */
  Operand<TFloat32> rate() {
    return rate;
  }

  /** What is added to the square root of the uncorrected second moment, a scalar. */
  Operand<TFloat32> epsilon() {
    return epsilon;
  }

  @Override
  public void feed(Feeds feeds, int t, double lr) {
    double correction2 = Math.sqrt(1 - Math.pow(BETA2, t));
    double correction1 = 1 - Math.pow(BETA1, t);
    feeds.floats(rate, new float[] {(float) (lr * correction2 / correction1)});
    feeds.floats(epsilon, new float[] {(float) (EPSILON * correction2)});
  }
}
