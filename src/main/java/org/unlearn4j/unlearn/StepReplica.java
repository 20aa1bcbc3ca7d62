package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.AdapterWeights;
import org.unlearn4j.tf.Backward;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.ModelWeights;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;

/**
 * What one device has of a step: all parameters, inputs for its rows, their forward pass and their
 * share of the losses. On one device it is all of the step.
 */
final class StepReplica {
  private static final String FROZEN = "reference";

  private final TfRuntime runtime;
  private final Decoder decoder;
  private final Objective objective;
  private final int place;
  private final Ops tf;
  private final ModelWeights weights;
  private final Optional<Variables> frozen;
  private final StepInputs inputs;
  private final StepForward forward;
  private final Map<String, Operand<TFloat32>> values = new LinkedHashMap<>();
  private final List<Operand<TFloat32>> weighted = new ArrayList<>();
  private Optional<Variables> avoided = Optional.empty();

  /**
   * Emits the passes.
   *
   * @param place among the devices; 0 is the first or the only one
   */
  StepReplica(
      Decoder decoder, Objective objective, Computation computation, TfRuntime runtime, int place) {
    this.runtime = runtime;
    this.decoder = decoder;
    this.objective = objective;
    this.place = place;
    this.tf = place == 0 ? runtime.ops() : runtime.ops().withSubScope(name());
    Optional<Adaptation> adaptation = objective.learning().adaptation();
    weights = weights(adaptation);
    boolean twin = !objective.frozen().isEmpty();
    // Adapters leave the model beside them as it was: it is its own twin.
    frozen =
        twin && adaptation.isEmpty()
            ? Optional.of(new Variables(runtime, prefix() + FROZEN, decoder.parameters()))
            : Optional.empty();
    ModelConfig c = decoder.config();
    inputs =
        new StepInputs(
            tf.withSubScope("inputs"),
            objective,
            new LanguageModel.Shape(c.vocabSize(), c.hiddenSize(), c.layers(), c.maxPositions()));
    Optional<Variables> reference =
        twin ? Optional.of(frozen.orElse(weights.variables())) : Optional.empty();
    forward =
        new StepForward(
            tf, runtime, place, decoder, objective, inputs, weights, reference, computation);
  }

  private String name() {
    return "replica" + place;
  }

  /** Of variables' names. */
  private String prefix() {
    return place == 0 ? "" : name() + ".";
  }

  private ModelWeights weights(Optional<Adaptation> adaptation) {
    String set = place == 0 ? "" : name();
    return adaptation
        .map(
            a ->
                new ModelWeights(
                    new Variables(runtime, set, decoder.parameters(), a::format),
                    Optional.of(new AdapterWeights(runtime, prefix(), a.adapter(), a.shifted()))))
        .orElseGet(() -> ModelWeights.of(new Variables(runtime, set, decoder.parameters())));
  }

  /** Emits the terms; to be asked once, when all replicas have emitted their passes. */
  Operand<TFloat32> total() {
    objective
        .forget()
        .ifPresent(
            f -> {
              Ops ops = scope("forget");
              weigh(ops, value(ops, "forget", f.term()), forgetting(ops, f.weight()));
            });
    objective
        .pull()
        .ifPresent(
            p -> {
              Ops ops = scope("floor");
              weigh(ops, value(ops, "floor", p.term()), forgetting(ops, p.weight()));
            });
    objective
        .retain()
        .ifPresent(
            r -> {
              Ops ops = scope("retain");
              Operand<TFloat32> value = value(ops, "retain", r.term());
              weigh(ops, above(ops, value), inputs.alpha());
            });
    objective
        .regulariser()
        .ifPresent(
            r -> {
              Ops ops = scope("clreg");
              weigh(ops, value(ops, "clreg", r), inputs.lambda());
            });
    objective.learning().adaptation().ifPresent(this::keptAway);
    if (objective.balancing() > 0) {
      Ops ops = scope("router");
      Term balance = new RouterLoss(objective.segments());
      weigh(ops, value(ops, "router", balance), ops.constant((float) objective.balancing()));
    }
    return weighted.size() == 1 ? weighted.get(0) : tf.withName("total").math.addN(weighted);
  }

  private void keptAway(Adaptation a) {
    a.orthogonality()
        .ifPresent(
            o -> {
              Ops ops = scope("orthogonality");
              Variables q = new Variables(runtime, prefix() + "retain", o.directions(a.adapter()));
              avoided = Optional.of(q);
              Operand<TFloat32> value =
                  value(ops, "orthogonality", o.term(a.adapter(), learned(), q));
              weigh(ops, value, ops.constant((float) o.weight()));
            });
  }

  private Ops scope(String term) {
    return tf.withSubScope("loss").withSubScope(term);
  }

  private Operand<TFloat32> value(Ops ops, String name, Term term) {
    Operand<TFloat32> value = term.value(ops, forward);
    values.put(name, value);
    return value;
  }

  private void weigh(Ops ops, Operand<TFloat32> value, Operand<TFloat32> weight) {
    weighted.add(ops.withName("weighted").math.mul(value, weight));
  }

  /** The weight of a summand of the forget part. */
  private Operand<TFloat32> forgetting(Ops ops, double weight) {
    Operand<TFloat32> constant = ops.constant((float) weight);
    return objective.apart() ? ops.math.mul(inputs.forgetting(), constant) : constant;
  }

  /** What a retain loss is above the constraint: these rows' share of {@code retain - epsilon}. */
  private Operand<TFloat32> above(Ops ops, Operand<TFloat32> retain) {
    if (objective.dual().isEmpty()) {
      return retain;
    }
    Operand<TFloat32> tokens =
        ops.dtypes.cast(ops.size(inputs.of(Segment.RETAIN).labels()), TFloat32.class);
    Operand<TFloat32> share = ops.math.div(tokens, forward.stepTokens(Segment.RETAIN));
    return ops.math.sub(
        retain, ops.math.mul(share, ops.constant((float) objective.dual().get().epsilon())));
  }

  /** Adds gradients of a scalar with respect to this device's parameters. */
  Map<Parameter, Operand<TFloat32>> gradients(String scope, Operand<TFloat32> of) {
    return Backward.gradients(
        runtime,
        place == 0 ? scope : scope + "_" + name(),
        of,
        forward.emitter(),
        learned(),
        objective.learning().parameters(decoder));
  }

  Variables learned() {
    return weights.adapter().map(AdapterWeights::learned).orElse(weights.variables());
  }

  ModelWeights weights() {
    return weights;
  }

  Optional<Variables> frozen() {
    return frozen;
  }

  Optional<Variables> avoided() {
    return avoided;
  }

  StepInputs inputs() {
    return inputs;
  }

  StepForward forward() {
    return forward;
  }

  /** Each term by name, unweighted. */
  Map<String, Operand<TFloat32>> values() {
    return values;
  }

  /** Retain features that a queue takes over, {@code [retain, hidden]} by layer. */
  Map<FeatureLayer, Operand<TFloat32>> queueFeatures() {
    Map<FeatureLayer, Operand<TFloat32>> taken = new LinkedHashMap<>();
    objective
        .regulariser()
        .map(Regulariser::features)
        .filter(Features::queued)
        .ifPresent(
            f -> {
              Ops ops = tf.withSubScope("queued");
              f.layers().forEach(l -> taken.put(l, f.of(ops, forward, Segment.RETAIN, l)));
            });
    return taken;
  }
}
