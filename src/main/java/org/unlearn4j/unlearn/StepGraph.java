package org.unlearn4j.unlearn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
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
 * <p>On several devices each has a {@link StepReplica} of it and some of the rows; losses and
 * gradients are summed.
 *
 * <p>Scopes: {@code model} (the forward pass), {@code reference} (that of the twin), {@code
 * loss/...} (one a term), {@code gradients}.
 */
public final class StepGraph implements AutoCloseable {
  /** Names of the {@link #values} that make up the forget part. */
  public static final Set<String> FORGET_PART = Set.of("forget", "floor");

  private final TfRuntime runtime;
  private final Decoder decoder;
  private final Objective objective;
  private final Precision precision;
  private final List<StepReplica> replicas;
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
      runtime.layOut(decoder.parameters());
      replicas =
          onEach(
              computation.replicas(),
              r -> new StepReplica(decoder, objective, computation, runtime, r));
      joined();
      List<Operand<TFloat32>> totals = onEach(replicas.size(), r -> replicas.get(r).total());
      total = sum("total", totals);
      replicas
          .get(0)
          .values()
          .keySet()
          .forEach(name -> values.put(name, sum(name, each(r -> r.values().get(name)))));
      gradients = gradients("gradients", total);
      List<Map<FeatureLayer, Operand<TFloat32>>> taken =
          onEach(replicas.size(), r -> replicas.get(r).queueFeatures());
      taken
          .get(0)
          .keySet()
          .forEach(l -> queueFeatures.put(l, rows(taken.stream().map(t -> t.get(l)).toList())));
      avoided().ifPresent(a -> a.copiedBy(further(r -> r.avoided().orElseThrow())));
    } catch (RuntimeException | Error e) {
      runtime.close(); // nobody has this graph to close it
      throw e;
    }
  }

  /** Makes something on each device. */
  private <T> List<T> onEach(int count, IntFunction<T> made) {
    List<T> all = new ArrayList<>();
    for (int r = 0; r < count; r++) {
      int place = r;
      all.add(runtime.at(place, () -> made.apply(place)));
    }
    return all;
  }

  private <T> List<T> each(Function<StepReplica, T> of) {
    return replicas.stream().map(of).toList();
  }

  /** The same of all devices but the first. */
  private <T> List<T> further(Function<StepReplica, T> of) {
    return replicas.stream().skip(1).map(of).toList();
  }

  /** All devices have one model, and see each other's rows. */
  private void joined() {
    StepReplica first = replicas.get(0);
    first.weights().copiedBy(further(StepReplica::weights));
    first.frozen().ifPresent(f -> f.copiedBy(further(r -> r.frozen().orElseThrow())));
    if (replicas.size() > 1) {
      List<StepForward> all = each(StepReplica::forward);
      all.forEach(f -> f.among(all));
    }
  }

  private Operand<TFloat32> sum(String name, List<Operand<TFloat32>> shares) {
    Ops tf = runtime.ops().withSubScope("sums");
    return shares.size() == 1 ? shares.get(0) : tf.withName(name).math.addN(shares);
  }

  private Operand<TFloat32> rows(List<Operand<TFloat32>> parts) {
    Ops tf = runtime.ops().withSubScope("sums");
    return parts.size() == 1 ? parts.get(0) : tf.concat(parts, tf.constant(0));
  }

  /** Summed over the devices, each parameter's where it is updated. */
  private Map<Parameter, Operand<TFloat32>> gradients(String scope, Operand<TFloat32> of) {
    List<Map<Parameter, Operand<TFloat32>>> shares =
        onEach(replicas.size(), r -> replicas.get(r).gradients(scope, of));
    Map<Parameter, Operand<TFloat32>> sums = new LinkedHashMap<>();
    for (Parameter p : shares.get(0).keySet()) {
      List<Operand<TFloat32>> all = shares.stream().map(s -> s.get(p)).toList();
      sums.put(p, runtime.atHome(p, () -> sum("gradient", all)));
    }
    return sums;
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
    return replicas.get(0).weights().variables();
  }

  /** What the model is computed with: its parameters and its adapters. */
  public ModelWeights weights() {
    return replicas.get(0).weights();
  }

  /** The variables that updates change: the adapters', or else the model's. */
  public Variables learned() {
    return replicas.get(0).learned();
  }

  /**
   * The reference model's parameters, to be assigned before the first step; empty without a twin.
   */
  public Optional<Variables> frozen() {
    return replicas.get(0).frozen();
  }

  /**
   * Directions of the retain rows' outputs that B is kept away from, to be assigned before the
   * first step; empty where no term does.
   */
  public Optional<Variables> avoided() {
    return replicas.get(0).avoided();
  }

  /**
   * Each term by name ({@code forget}, {@code floor}, {@code retain}, {@code clreg}, {@code
   * orthogonality}, {@code router}), unweighted scalars.
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
    return replicas.get(0).forward();
  }

  /** A micro-batch as it will be fed; may be asked of any thread. */
  public CollatedBatch collate(StepBatch batch) {
    List<CollatedBatch> shares =
        Shares.of(batch, replicas.size()).stream().map(replicas.get(0).inputs()::collate).toList();
    return shares.get(0).beside(shares.subList(1, shares.size()));
  }

  /** Feeds a micro-batch. */
  public void feed(Feeds feeds, StepBatch batch, StepControl control) {
    feed(feeds, collate(batch), control);
  }

  /** Feeds a micro-batch. */
  public void feed(Feeds feeds, CollatedBatch batch, StepControl control) {
    for (int r = 0; r < replicas.size(); r++) {
      CollatedBatch share = r == 0 ? batch : batch.further().get(r - 1);
      replicas.get(r).inputs().feed(feeds, share, control);
    }
  }

  @Override
  public void close() {
    runtime.close();
  }
}
