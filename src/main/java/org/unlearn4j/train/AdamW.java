package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;

/**
 * AdamW as resource variable updates, t = 1, 2, ...:
 *
 * <pre>
 *   g *= min(1, clipNorm / (|g| + 1e-6))           |g| over all parameters
 *   p *= 1 - lr * weightDecay
 *   m = 0.9 m + 0.1 g;  v = 0.999 v + 0.001 g^2
 *   p -= lr * (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8)
 * </pre>
 *
 * TensorFlow's kernel puts epsilon beside the uncorrected square root; with lr and epsilon rescaled
 * by the bias corrections, which are computed here in double precision and fed, both forms are the
 * same.
 */
final class AdamW {
  private final Variables first;
  private final Variables second;
  private final Variables accumulated;
  private final Placeholder<TFloat32> rate;
  private final Placeholder<TFloat32> epsilon;
  private final Placeholder<TFloat32> decay;
  private final Placeholder<TFloat32> carry;
  private final Operand<TFloat32> norm;
  private final List<Op> start = new ArrayList<>();
  private final List<Op> accumulate = new ArrayList<>();
  private final List<Op> update = new ArrayList<>();

  /**
   * Adds the updates to a graph.
   *
   * @param gradients of this micro-batch
   * @param accumulating gradients are summed over several micro-batches before an update
   */
  AdamW(
      TfRuntime runtime,
      Variables variables,
      Map<Parameter, Operand<TFloat32>> gradients,
      AdamWSettings settings,
      boolean accumulating) {
    Ops tf = runtime.ops().withSubScope("adamw");
    List<Parameter> parameters = List.copyOf(gradients.keySet());
    first = new Variables(runtime, "adamw_m", parameters);
    second = new Variables(runtime, "adamw_v", parameters);
    accumulated = accumulating ? new Variables(runtime, "accumulated", parameters) : null;
    rate = scalar(tf, "rate");
    epsilon = scalar(tf, "epsilon");
    decay = scalar(tf, "decay");
    carry = scalar(tf, "carry");
    Map<Parameter, Operand<TFloat32>> sums = accumulating ? accumulation(tf, gradients) : gradients;
    norm = globalNorm(tf.withSubScope("norm"), sums.values());
    Operand<TFloat32> clip = clip(tf.withSubScope("clip"), settings.clipNorm());
    Operand<TFloat32> zero = tf.constant(0f);
    sums.forEach(
        (p, g) -> {
          Operand<TFloat32> clipped = clip == null ? g : tf.math.mul(g, clip);
          // Updates wait for every gradient, because one may still be reading other parameters.
          List<Op> before = new ArrayList<>(List.of(norm));
          if (settings.weightDecay() != 0) {
            // The product too: else it is made first thing, and lies there for the whole step.
            Ops late = tf.withControlDependencies(norm);
            before.add(
                late.assignSubVariableOp(
                    variables.handle(p), late.math.mul(variables.read(p), decay)));
          }
          update.add(
              tf.withControlDependencies(before)
                  .train
                  .resourceApplyAdam(
                      variables.handle(p),
                      first.handle(p),
                      second.handle(p),
                      zero,
                      zero,
                      rate,
                      tf.constant((float) AdamWSettings.BETA1),
                      tf.constant((float) AdamWSettings.BETA2),
                      epsilon,
                      clipped));
        });
  }

  private Map<Parameter, Operand<TFloat32>> accumulation(
      Ops tf, Map<Parameter, Operand<TFloat32>> gradients) {
    Map<Parameter, Operand<TFloat32>> sums = new LinkedHashMap<>();
    gradients.forEach(
        (p, g) -> {
          start.add(tf.assignVariableOp(accumulated.handle(p), g));
          accumulate.add(tf.assignAddVariableOp(accumulated.handle(p), g));
          sums.put(p, tf.math.add(tf.math.mul(accumulated.read(p), carry), g));
        });
    return sums;
  }

  static Operand<TFloat32> globalNorm(Ops tf, Iterable<Operand<TFloat32>> gradients) {
    List<Operand<TFloat32>> halves = new ArrayList<>();
    gradients.forEach(g -> halves.add(tf.nn.l2Loss(g)));
    return tf.math.sqrt(tf.math.mul(tf.math.addN(halves), tf.constant(2f)));
  }

  private Operand<TFloat32> clip(Ops tf, double most) {
    if (most == 0) {
      return null;
    }
    Operand<TFloat32> factor =
        tf.math.div(tf.constant((float) most), tf.math.add(norm, tf.constant(1e-6f)));
    return tf.math.minimum(factor, tf.constant(1f));
  }

  private static Placeholder<TFloat32> scalar(Ops tf, String name) {
    return tf.withName(name).placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
  }

  /** Sets moments and accumulators to zero. */
  void reset() {
    Variables.zero(
        accumulated == null ? List.of(first, second) : List.of(first, second, accumulated));
  }

  Variables firstMoments() {
    return first;
  }

  Variables secondMoments() {
    return second;
  }

  /** Sums of gradients over micro-batches; only where there are several. */
  Variables accumulated() {
    return accumulated;
  }

  /** Global norm of the step's gradient before clipping, a scalar. */
  Operand<TFloat32> norm() {
    return norm;
  }

  /**
   * What a micro-batch that is not the step's last runs.
   *
   * @param index of the micro-batch; the first overwrites what the step before left
   */
  List<Op> accumulate(int index) {
    return index == 0 ? start : accumulate;
  }

  /** What updates the parameters (with the accumulators and this micro-batch's gradient). */
  List<Op> update() {
    return update;
  }

  /**
   * Feeds one update.
   *
   * @param t counts updates from 1
   * @param earlier whether micro-batches of this step came before
   */
  void feed(Feeds feeds, int t, double lr, AdamWSettings settings, boolean earlier) {
    double correction2 = Math.sqrt(1 - Math.pow(AdamWSettings.BETA2, t));
    double correction1 = 1 - Math.pow(AdamWSettings.BETA1, t);
    feeds.floats(rate, new float[] {(float) (lr * correction2 / correction1)});
    feeds.floats(epsilon, new float[] {(float) (AdamWSettings.EPSILON * correction2)});
    feeds.floats(carry, new float[] {earlier ? 1 : 0});
    feeds.floats(decay, new float[] {(float) (lr * settings.weightDecay())});
  }
}
