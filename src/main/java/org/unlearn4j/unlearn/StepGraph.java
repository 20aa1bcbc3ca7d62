package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.ModelWeights;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;

/**
 * The graph of one step: forward, terms, their weighted sum and its gradients. Updates are added by
 * whoever trains. A frozen twin of the model is in it only for objectives with a term that reads
 * one.
 *
 * <p>Scopes: {@code model} (the forward pass), {@code reference} (that of the twin), {@code
 * loss/...} (one a term), {@code gradients}.
 */
public final class StepGraph implements AutoCloseable {
  /** Names of the {@link #values} that make up the forget part. */
  public static final Set<String> FORGET_PART = Set.of("forget", "floor");

  private static final String FROZEN = "reference";

  private final TfRuntime runtime;
  private final Decoder decoder;
  private final Objective objective;
  private final Precision precision;
  private final ModelWeights weights;
  private final Optional<Variables> frozen;
  private final Optional<Variables> avoided;
  private final StepInputs inputs;
  private final StepForward forward;
  private final Map<String, Operand<TFloat32>> values = new LinkedHashMap<>();
  private final Operand<TFloat32> total;
  private final Map<Parameter, Operand<TFloat32>> gradients;
  private final Map<FeatureLayer, Operand<TFloat32>> queueFeatures = new LinkedHashMap<>();

  /** Builds the graph. */
  public StepGraph(Decoder decoder, Objective objective, Computation computation) {
    this.decoder = decoder;
    this.objective = objective;
    this.precision = computation.precision();
    this.runtime = new TfRuntime(computation);
    try {
      Ops tf = runtime.ops();
      Optional<Adaptation> adaptation = objective.learning().adaptation();
      weights = weights(adaptation);
      boolean twin = !objective.frozen().isEmpty();
      // Adapters leave the model beside them as it was: it is its own twin.
      frozen =
          twin && adaptation.isEmpty()
              ? Optional.of(new Variables(runtime, FROZEN, decoder.parameters()))
              : Optional.empty();
      ModelConfig c = decoder.config();
      inputs =
          new StepInputs(
              tf.withSubScope("inputs"),
              objective,
              new LanguageModel.Shape(c.vocabSize(), c.hiddenSize(), c.layers(), c.maxPositions()));
      Optional<Variables> reference =
          twin ? Optional.of(frozen.orElse(weights.variables())) : Optional.empty();
      forward = new StepForward(tf, decoder, objective, inputs, weights, reference, computation);
      List<Operand<TFloat32>> weighted = new ArrayList<>();
      objective
          .forget()
          .ifPresent(
              f -> {
                Ops ops = scope("forget");
                weighted.add(
                    weighted(ops, value(ops, "forget", f.term()), forgetting(ops, f.weight())));
              });
      objective
          .pull()
          .ifPresent(
              p -> {
                Ops ops = scope("floor");
                weighted.add(
                    weighted(ops, value(ops, "floor", p.term()), forgetting(ops, p.weight())));
              });
      objective
          .retain()
          .ifPresent(
              r -> {
                Ops ops = scope("retain");
                Operand<TFloat32> value = value(ops, "retain", r.term());
                weighted.add(weighted(ops, above(ops, value), inputs.alpha()));
              });
      objective
          .regulariser()
          .ifPresent(
              r -> {
                Ops ops = scope("clreg");
                weighted.add(weighted(ops, value(ops, "clreg", r), inputs.lambda()));
              });
      avoided =
          adaptation.flatMap(
              a ->
                  a.orthogonality()
                      .map(
                          o -> {
                            Ops ops = scope("orthogonality");
                            Variables q =
                                new Variables(runtime, "retain", o.directions(a.adapter()));
                            Term term = o.term(a.adapter(), learned(), q);
                            Operand<TFloat32> value = value(ops, "orthogonality", term);
                            Operand<TFloat32> lambda = ops.constant((float) o.weight());
                            weighted.add(weighted(ops, value, lambda));
                            return q;
                          }));
      total = weighted.size() == 1 ? weighted.get(0) : tf.withName("total").math.addN(weighted);
      gradients = gradients("gradients", total);
      objective
          .regulariser()
          .map(Regulariser::features)
          .filter(Features::queued)
          .ifPresent(
              f -> {
                Ops ops = tf.withSubScope("queued");
                f.layers()
                    .forEach(l -> queueFeatures.put(l, f.of(ops, forward, Segment.RETAIN, l)));
              });
    } catch (RuntimeException | Error e) {
      runtime.close(); // nobody has this graph to close it
      throw e;
    }
  }

  private ModelWeights weights(Optional<Adaptation> adaptation) {
    return adaptation
        .map(
            a ->
                new ModelWeights(
                    new Variables(runtime, "", decoder.parameters(), a::format),
                    Optional.of(new AdapterWeights(runtime, a.adapter(), a.shifted()))))
        .orElseGet(() -> ModelWeights.of(new Variables(runtime, "", decoder.parameters())));
  }

  private Ops scope(String term) {
    return runtime.ops().withSubScope("loss").withSubScope(term);
  }

  private Operand<TFloat32> value(Ops ops, String name, Term term) {
    Operand<TFloat32> value = term.value(ops, forward);
    values.put(name, value);
    return value;
  }

  private static Operand<TFloat32> weighted(
      Ops ops, Operand<TFloat32> value, Operand<TFloat32> weight) {
    return ops.withName("weighted").math.mul(value, weight);
  }

  /** The weight of a summand of the forget part. */
  private Operand<TFloat32> forgetting(Ops ops, double weight) {
    Operand<TFloat32> constant = ops.constant((float) weight);
    return objective.robust() ? ops.math.mul(inputs.forgetting(), constant) : constant;
  }

  /**
   * What a retain loss is above the constraint: this micro-batch's share of {@code retain -
   * epsilon}.
   */
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

  private Map<Parameter, Operand<TFloat32>> gradients(String scope, Operand<TFloat32> of) {
    return Backward.gradients(
        runtime, scope, of, forward.emitter(), learned(), objective.learning().parameters(decoder));
  }

  public TfRuntime runtime() {
    return runtime;
  }

  public Decoder decoder() {
    return decoder;
  }

  /** Of its passes. */
  public Precision precision() {
    return precision;
  }

  public Objective objective() {
    return objective;
  }

  /** The model's parameters, of which adapters leave none changed. */
  public Variables variables() {
    return weights.variables();
  }

  /** What the model is computed with: its parameters and its adapters. */
  public ModelWeights weights() {
    return weights;
  }

  /** The variables that updates change: the adapters', or else the model's. */
  public Variables learned() {
    return weights.adapter().map(AdapterWeights::learned).orElse(weights.variables());
  }

  /**
   * The reference model's parameters, to be assigned before the first step; empty without a twin.
   */
  public Optional<Variables> frozen() {
    return frozen;
  }

  /**
   * Directions of the retain rows' outputs that B is kept away from, to be assigned before the
   * first step; empty where no term does.
   */
  public Optional<Variables> avoided() {
    return avoided;
  }

  /**
   * Each term by name ({@code forget}, {@code floor}, {@code retain}, {@code clreg}, {@code
   * orthogonality}), unweighted scalars.
   */
  public Map<String, Operand<TFloat32>> values() {
    return values;
  }

  /** The weighted sum, a scalar. */
  public Operand<TFloat32> total() {
    return total;
  }

  /**
   * Gradient of the total with respect to each parameter that learns and that it reaches: of the
   * model or of the adapters.
   */
  public Map<Parameter, Operand<TFloat32>> gradients() {
    return gradients;
  }

  /**
   * Adds the gradient of one term alone, unweighted, to a graph whose session is not open yet: for
   * looking, not for training.
   *
   * @param term one of {@link #values()}
   */
  public Map<Parameter, Operand<TFloat32>> gradientsOf(String term) {
    return gradients("gradients_" + term, values.get(term));
  }

  /**
   * The retain features that a queue takes over: unit vectors {@code [retain, hidden]} by layer;
   * empty where the regulariser has no queue.
   */
  public Map<FeatureLayer, Operand<TFloat32>> queueFeatures() {
    return queueFeatures;
  }

  /** What terms see, for tests: to be asked before the session opens. */
  StepContext context() {
    return forward;
  }

  /** A micro-batch as it will be fed; may be asked of any thread. */
  public CollatedBatch collate(StepBatch batch) {
    return inputs.collate(batch);
  }

  /** Feeds a micro-batch. */
  public void feed(Feeds feeds, StepBatch batch, StepControl control) {
    feed(feeds, collate(batch), control);
  }

  /** Feeds a micro-batch. */
  public void feed(Feeds feeds, CollatedBatch batch, StepControl control) {
    inputs.feed(feeds, batch, control);
  }

  @Override
  public void close() {
    runtime.close();
  }
}
