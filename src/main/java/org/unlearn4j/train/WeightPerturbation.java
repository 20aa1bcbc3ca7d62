package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.unlearn4j.config.RobustSettings;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;
import org.unlearn4j.unlearn.StepControl;

/**
 * Moves weights for the length of a step and puts them back, bit for bit. With g the gradient that
 * lies in the accumulators, over all parameters that learn:
 *
 * <pre>
 *   SAM      p += rho * g / |g|            g of the forget part (Foret et al. 2021; Fan et al. 2025)
 *   noise    p += rho * n / |n|            n standard normal
 *   relearn  p -= rate * sign(g)           g of the mean NLL of forget rows; the first step of Adam
 * </pre>
 */
final class WeightPerturbation {
  private final TfRuntime runtime;
  private final Variables kept;
  private final Optional<Variables> course;
  private final Optional<Placeholder<TInt64>> seed;
  private final List<Op> keep = new ArrayList<>();
  private final List<Op> move = new ArrayList<>();
  private final List<Op> restore = new ArrayList<>();
  private final List<Op> resume = new ArrayList<>();
  private final List<Op> begin = new ArrayList<>();

  /**
   * Adds the operations to a graph.
   *
   * @param accumulated gradients, of the parameters that learn
   */
  WeightPerturbation(
      TfRuntime runtime, Variables variables, Variables accumulated, RobustSettings settings) {
    this.runtime = runtime;
    List<Parameter> learning = accumulated.parameters();
    kept = new Variables(runtime, "kept", learning);
    course =
        settings.attack() == RobustSettings.Attack.RELEARN
            ? Optional.of(new Variables(runtime, "course", learning))
            : Optional.empty();
    Ops tf = runtime.ops().withSubScope("perturbation");
    seed =
        settings.attack() == RobustSettings.Attack.NOISE
            ? Optional.of(
                tf.withName("seed").placeholder(TInt64.class, Placeholder.shape(Shape.of(2))))
            : Optional.empty();
    List<Operand<TFloat32>> directions = new ArrayList<>();
    for (int i = 0; i < learning.size(); i++) {
      Parameter p = learning.get(i);
      directions.add(
          switch (settings.attack()) {
            case SAM -> accumulated.read(p);
            case NOISE -> normal(tf, variables.read(p), i);
            case RELEARN -> tf.math.sign(accumulated.read(p));
            case NONE -> throw new IllegalArgumentException("nothing is to be moved");
          });
    }
    Operand<TFloat32> length = length(tf, settings, directions);
    for (int i = 0; i < learning.size(); i++) {
      Parameter p = learning.get(i);
      keep.add(tf.assignVariableOp(kept.handle(p), variables.read(p)));
      restore.add(tf.assignVariableOp(variables.handle(p), kept.read(p)));
      Operand<TFloat32> by = tf.math.mul(directions.get(i), length);
      move.add(tf.withControlDependencies(length).assignAddVariableOp(variables.handle(p), by));
      course.ifPresent(
          c -> {
            move.add(tf.assignAddVariableOp(c.handle(p), by));
            resume.add(tf.assignAddVariableOp(variables.handle(p), c.read(p)));
            begin.add(tf.assignVariableOp(c.handle(p), tf.zerosLike(variables.read(p))));
          });
    }
  }

  private Operand<TFloat32> normal(Ops tf, Operand<TFloat32> like, int parameter) {
    return tf.random.statelessRandomNormal(
        tf.shape(like), tf.math.add(seed.orElseThrow(), tf.array(0L, parameter)), TFloat32.class);
  }

  /** What the directions are multiplied by, a scalar. */
  private static Operand<TFloat32> length(
      Ops tf, RobustSettings settings, List<Operand<TFloat32>> directions) {
    if (settings.attack() == RobustSettings.Attack.RELEARN) {
      return tf.constant((float) -settings.rate());
    }
    Operand<TFloat32> norm = Optimizer.globalNorm(tf.withSubScope("norm"), directions);
    return tf.math.div(
        tf.constant((float) settings.radius()), tf.math.maximum(norm, tf.constant(1e-12f)));
  }

  /** How far an attack that goes on from step to step has moved the weights. */
  Optional<Variables> course() {
    return course;
  }

  /** Remembers the weights as they are. */
  void keep() {
    run("keeping of weights", keep, Optional.empty());
  }

  /**
   * Moves the weights once.
   *
   * @param drawn what noise is drawn from
   */
  void move(StepControl.ViewSeed drawn) {
    run("move of weights", move, Optional.of(drawn));
  }

  /**
   * Goes to where an attack had come in the step before.
   *
   * @param anew whether it begins at the weights as they are
   */
  void resume(boolean anew) {
    run("course of the attack", anew ? begin : resume, Optional.empty());
  }

  /** Puts the weights back. */
  void restore() {
    run("return of weights", restore, Optional.empty());
  }

  private void run(String what, List<Op> operations, Optional<StepControl.ViewSeed> drawn) {
    try (Feeds feeds = new Feeds(runtime)) {
      if (seed.isPresent() && drawn.isPresent()) {
        feeds.longs(seed.get(), drawn.get().pair(), 2);
      }
      operations.forEach(feeds::target);
      runtime.run(what, feeds).close();
    }
  }
}
