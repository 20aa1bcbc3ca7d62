package org.unlearn4j.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.config.CombineSettings;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;

/**
 * Combines the forget gradient f and the retain gradient r, each over all parameters that learn as
 * one vector. With a the moving average of r, {@code a = average * a + (1 - average) * r} from 0,
 * which no rule reads but for its direction:
 *
 * <pre>
 *   GRU     f - min(0, f.a) / (a.a) a + r                                    (Wang et al. 2025)
 *   PCGrad  f - min(0, f.r) / (r.r) r  +  r - min(0, f.r) / (f.f) f          (Yu et al. 2020)
 *   agree   |f| / |m| m + r      m is f where it has the sign of a, else 0   (Sondej et al. 2025)
 * </pre>
 *
 * <p>It works parameter by parameter, so that beside the sets there are never more than two arrays
 * as large as the largest parameter.
 */
final class GradientCombination {
  private final Ops tf;
  private final List<Parameter> parameters;
  private final Variables forgotten;
  private final Variables retained;
  private final Optional<Variables> average;
  private final List<Op> start = new ArrayList<>();
  private final List<Op> accumulate = new ArrayList<>();
  private final Op combined;

  /** The last operation so far, which the next one waits for. */
  private Op latest;

  /**
   * Adds the operations to a graph.
   *
   * @param gradients of a micro-batch
   * @param forgotten sum of forget gradients, which the combined gradient takes the place of
   */
  GradientCombination(
      TfRuntime runtime,
      Map<Parameter, Operand<TFloat32>> gradients,
      Variables forgotten,
      CombineSettings settings) {
    this.tf = runtime.ops().withSubScope("combination");
    this.parameters = List.copyOf(gradients.keySet());
    this.forgotten = forgotten;
    retained = new Variables(runtime, "retained", parameters);
    average =
        settings.averages()
            ? Optional.of(new Variables(runtime, "average", parameters))
            : Optional.empty();
    gradients.forEach(
        (p, g) -> {
          start.add(tf.assignVariableOp(retained.handle(p), g));
          accumulate.add(tf.assignAddVariableOp(retained.handle(p), g));
        });
    latest = tf.withName("begin").noOp();
    Map<Parameter, Operand<TFloat32>> against =
        average.map(a -> averaged(a, settings.average())).orElseGet(() -> reads(retained));
    switch (settings.rule()) {
      case GRU -> gru(against);
      case PCGRAD -> pcGrad();
      case AGREE -> agree(against);
      case SUM -> throw new IllegalArgumentException("a sum needs no combination");
    }
    combined = latest;
  }

  private Map<Parameter, Operand<TFloat32>> reads(Variables set) {
    Map<Parameter, Operand<TFloat32>> reads = new LinkedHashMap<>();
    parameters.forEach(p -> reads.put(p, set.read(p)));
    return reads;
  }

  /** What is there once everything so far is done. */
  private Ops late() {
    return tf.withControlDependencies(latest);
  }

  /** Moves the average; its new values, which lie in its variables. */
  private Map<Parameter, Operand<TFloat32>> averaged(Variables a, double decay) {
    Map<Parameter, Operand<TFloat32>> moved = new LinkedHashMap<>();
    for (Parameter p : parameters) {
      Ops late = late();
      Operand<TFloat32> next =
          late.math.add(
              late.math.mul(a.read(p), late.constant((float) decay)),
              late.math.mul(retained.read(p), late.constant((float) (1 - decay))));
      latest = tf.assignVariableOp(a.handle(p), next);
      moved.put(p, next);
    }
    return moved;
  }

  private void gru(Map<Parameter, Operand<TFloat32>> against) {
    Operand<TFloat32> conflict = conflict(against);
    Operand<TFloat32> part = part(conflict, square(against));
    for (Parameter p : parameters) {
      Ops late = late();
      latest = late.assignSubVariableOp(forgotten.handle(p), late.math.mul(against.get(p), part));
      latest = late().assignAddVariableOp(forgotten.handle(p), retained.read(p));
    }
  }

  private void pcGrad() {
    Operand<TFloat32> conflict = conflict(reads(retained));
    Operand<TFloat32> ofForget = left(part(conflict, square(reads(forgotten))));
    Operand<TFloat32> ofRetain = left(part(conflict, square(reads(retained))));
    assign(
        (late, p) ->
            late.math.add(
                late.math.mul(forgotten.read(p), ofForget),
                late.math.mul(retained.read(p), ofRetain)));
  }

  private void agree(Map<Parameter, Operand<TFloat32>> against) {
    Operand<TFloat32> before = square(reads(forgotten));
    Map<Parameter, Operand<TFloat32>> masked =
        assign(
            (late, p) -> {
              Operand<TFloat32> f = forgotten.read(p);
              return late.math.mul(
                  f,
                  late.dtypes.cast(
                      late.math.equal(late.math.sign(f), late.math.sign(against.get(p))),
                      TFloat32.class));
            });
    Operand<TFloat32> scale = tf.math.sqrt(tf.math.divNoNan(before, square(masked)));
    assign((late, p) -> late.math.add(late.math.mul(masked.get(p), scale), retained.read(p)));
  }

  /** Puts values in the forget gradient's place, one parameter after the other. */
  private Map<Parameter, Operand<TFloat32>> assign(
      BiFunction<Ops, Parameter, Operand<TFloat32>> made) {
    Map<Parameter, Operand<TFloat32>> values = new LinkedHashMap<>();
    for (Parameter p : parameters) {
      Operand<TFloat32> value = made.apply(late(), p);
      latest = tf.assignVariableOp(forgotten.handle(p), value);
      values.put(p, value);
    }
    return values;
  }

  /** {@code min(0, f.other)}, a scalar. */
  private Operand<TFloat32> conflict(Map<Parameter, Operand<TFloat32>> other) {
    List<Operand<TFloat32>> sums = new ArrayList<>();
    for (Parameter p : parameters) {
      Ops late = late();
      Operand<TFloat32> products = late.math.mul(forgotten.read(p), other.get(p));
      Operand<TFloat32> sum = tf.sum(tf.reshape(products, tf.array(-1)), tf.constant(0));
      sums.add(sum);
      latest = sum;
    }
    return tf.math.minimum(tf.math.addN(sums), tf.constant(0f));
  }

  /** A scalar. */
  private Operand<TFloat32> square(Map<Parameter, Operand<TFloat32>> vector) {
    List<Operand<TFloat32>> halves = new ArrayList<>();
    vector.values().forEach(v -> halves.add(tf.nn.l2Loss(v)));
    return tf.math.mul(tf.math.addN(halves), tf.constant(2f));
  }

  /** Of a vector that is nothing, nothing. */
  private Operand<TFloat32> part(Operand<TFloat32> conflict, Operand<TFloat32> square) {
    return tf.math.divNoNan(conflict, square);
  }

  private Operand<TFloat32> left(Operand<TFloat32> part) {
    return tf.math.sub(tf.constant(1f), part);
  }

  /** What the rule remembers from step to step. */
  Optional<Variables> average() {
    return average;
  }

  /** Everything it holds. */
  List<Variables> sets() {
    List<Variables> sets = new ArrayList<>(List.of(retained));
    average.ifPresent(sets::add);
    return sets;
  }

  /**
   * What a micro-batch of the retain part runs.
   *
   * @param index of the micro-batch; the first overwrites what the step before left
   */
  List<Op> accumulate(int index) {
    return index == 0 ? start : accumulate;
  }

  /** What combines both sums, once both are there. */
  Op combine() {
    return combined;
  }
}
