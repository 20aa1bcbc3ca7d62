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
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;

/**
 * An optimiser as resource variable updates:
 *
 * <pre>
 *   g *= min(1, clipNorm / (|g| + 1e-6))           |g| over all parameters
 *   p *= 1 - lr * weightDecay
 *   p moves by g as the rule has it
 * </pre>
 */
final class Optimizer {
  private final OptimizerSettings settings;
  private final List<Parameter> parameters;
  private final UpdateRule rule;
  private final Variables accumulated;
  private final Placeholder<TFloat32> decay;
  private final Placeholder<TFloat32> carry;
  private final Operand<TFloat32> norm;
  private final List<Op> start = new ArrayList<>();
  private final List<Op> accumulate = new ArrayList<>();
  private final List<Op> update = new ArrayList<>();

  /** Where the gradient lies that an update takes. */
  enum Sums {
    /** A step has one micro-batch, whose gradient it is. */
    NONE,
    /** In the accumulators, but for that of the micro-batch at hand. */
    CARRIED,
    /** In the accumulators: the update is a run of its own. */
    WHOLE
  }

  /**
   * Adds the updates to a graph.
   *
   * @param gradients of this micro-batch
   * @param held where they are summed up
   */
  Optimizer(
      TfRuntime runtime,
      Variables variables,
      Map<Parameter, Operand<TFloat32>> gradients,
      OptimizerSettings settings,
      Sums held) {
    this.settings = settings;
    Ops tf = runtime.ops().withSubScope("optimizer");
    parameters = List.copyOf(gradients.keySet());
    rule =
        runtime.atHome(
            () ->
                switch (settings.form()) {
                  case ADAMW -> new AdamW(runtime, variables, parameters);
                  case ADAMW8BIT -> new AdamW8bit(runtime, variables, parameters);
                  case ADAFACTOR -> new Adafactor(runtime, variables, parameters);
                });
    accumulated =
        held != Sums.NONE
            ? runtime.atHome(() -> new Variables(runtime, "accumulated", parameters))
            : null;
    decay = scalar(tf, "decay");
    carry = scalar(tf, "carry");
    Map<Parameter, Operand<TFloat32>> sums =
        held == Sums.NONE ? gradients : accumulation(runtime, tf, gradients);
    if (held == Sums.WHOLE) {
      sums.replaceAll((p, g) -> accumulated.read(p));
    }
    norm = globalNorm(runtime, tf.withSubScope("norm"), sums);
    Operand<TFloat32> clip = clip(tf.withSubScope("clip"), settings.clipNorm());
    // Updates wait for every gradient, because one may still be reading other parameters.
    List<Op> earlier = List.of(norm);
    for (Map.Entry<Parameter, Operand<TFloat32>> sum : sums.entrySet()) {
      Parameter p = sum.getKey();
      List<Op> before = earlier;
      List<Op> own =
          runtime.atHome(p, () -> updates(tf, variables, p, clipped(tf, sum, clip), before));
      update.addAll(own);
      update.addAll(variables.spread(p, own));
      earlier = rule.oneAtATime() ? own : earlier;
    }
  }

  private static Operand<TFloat32> clipped(
      Ops tf, Map.Entry<Parameter, Operand<TFloat32>> sum, Operand<TFloat32> clip) {
    return clip == null ? sum.getValue() : tf.math.mul(sum.getValue(), clip);
  }

  private List<Op> updates(
      Ops tf, Variables variables, Parameter p, Operand<TFloat32> gradient, List<Op> earlier) {
    List<Op> before = new ArrayList<>(earlier);
    if (settings.weightDecay() != 0) {
      // The product too: else it is made first thing, and lies there for the whole step.
      Ops late = tf.withControlDependencies(earlier);
      before.add(
          late.assignSubVariableOp(variables.handle(p), late.math.mul(variables.held(p), decay)));
    }
    return rule.update(p, gradient, before);
  }

  private Map<Parameter, Operand<TFloat32>> accumulation(
      TfRuntime runtime, Ops tf, Map<Parameter, Operand<TFloat32>> gradients) {
    Map<Parameter, Operand<TFloat32>> sums = new LinkedHashMap<>();
    gradients.forEach((p, g) -> sums.put(p, runtime.atHome(p, () -> accumulated(tf, p, g))));
    return sums;
  }

  private Operand<TFloat32> accumulated(Ops tf, Parameter p, Operand<TFloat32> g) {
    start.add(tf.assignVariableOp(accumulated.handle(p), g));
    accumulate.add(tf.assignAddVariableOp(accumulated.handle(p), g));
    return tf.math.add(tf.math.mul(accumulated.read(p), carry), g);
  }

  private static Operand<TFloat32> globalNorm(
      TfRuntime runtime, Ops tf, Map<Parameter, Operand<TFloat32>> gradients) {
    List<Operand<TFloat32>> halves = new ArrayList<>();
    gradients.forEach((p, g) -> halves.add(runtime.atHome(p, () -> tf.nn.l2Loss(g))));
    return norm(tf, halves);
  }

  static Operand<TFloat32> globalNorm(Ops tf, Iterable<Operand<TFloat32>> gradients) {
    List<Operand<TFloat32>> halves = new ArrayList<>();
    gradients.forEach(g -> halves.add(tf.nn.l2Loss(g)));
    return norm(tf, halves);
  }

  private static Operand<TFloat32> norm(Ops tf, List<Operand<TFloat32>> halves) {
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

  static Placeholder<TFloat32> scalar(Ops tf, String name) {
    return tf.withName(name).placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
  }

  /** Sets what the rule remembers and the accumulators to zero. */
  void reset() {
    List<Variables> sets = new ArrayList<>(state());
    if (accumulated != null) {
      sets.add(accumulated);
    }
    Variables.zero(sets);
  }

  /** What the rule remembers from step to step. */
  List<Variables> state() {
    return rule.state();
  }

  /** What learns. */
  List<Parameter> parameters() {
    return parameters;
  }

  /** Sums of gradients over micro-batches; only where there are {@link Sums}. */
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
  void feed(Feeds feeds, int t, double lr, boolean earlier) {
    rule.feed(feeds, t, lr);
    feeds.floats(carry, new float[] {earlier ? 1 : 0});
    feeds.floats(decay, new float[] {(float) (lr * settings.weightDecay())});
  }
}
