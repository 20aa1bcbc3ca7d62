package org.unlearn4j.unlearn;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.StopGradient;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;

/**
 * The graph of one step: forward, terms, their weighted sum and its gradients. Updates are added by
 * whoever trains.
 *
 * <p>Scopes: {@code model} (the forward pass), {@code loss/...} (one a term), {@code gradients}.
 */
public final class StepGraph implements AutoCloseable {
  private final TfRuntime runtime = new TfRuntime();
  private final Decoder decoder;
  private final Objective objective;
  private final Variables variables;
  private final StepInputs inputs;
  private final StepForward forward;
  private final Map<String, Operand<TFloat32>> values = new LinkedHashMap<>();
  private final Operand<TFloat32> total;
  private final Map<Parameter, Operand<TFloat32>> gradients = new LinkedHashMap<>();

  /**
   * Builds the graph.
   *
   * @param trainable parameters that get gradients
   */
  public StepGraph(
      Decoder decoder, Objective objective, Precision precision, Predicate<Parameter> trainable) {
    this.decoder = decoder;
    this.objective = objective;
    Ops tf = runtime.ops();
    variables = new Variables(tf, "", decoder.parameters());
    ModelConfig c = decoder.config();
    inputs =
        new StepInputs(
            tf.withSubScope("inputs"),
            objective.segments(),
            new LanguageModel.Shape(c.vocabSize(), c.hiddenSize(), c.layers(), c.maxPositions()));
    forward = new StepForward(tf, decoder, variables, inputs, scored(objective), precision);
    List<Operand<TFloat32>> weighted = new ArrayList<>();
    add(weighted, "forget", objective.forget(), tf.constant((float) objective.gamma()));
    add(weighted, "retain", objective.retain(), tf.constant((float) objective.alpha()));
    add(weighted, "clreg", objective.clReg(), inputs.clRegWeight);
    total = weighted.size() == 1 ? weighted.get(0) : tf.withName("total").math.addN(weighted);
    differentiate(trainable);
  }

  private static List<Segment> scored(Objective objective) {
    List<Segment> scored = new ArrayList<>();
    for (Segment s : Segment.values()) {
      boolean read =
          objective.forget().stream().anyMatch(t -> t.segments().contains(s))
              || objective.retain().stream().anyMatch(t -> t.segments().contains(s));
      if (read) {
        scored.add(s);
      }
    }
    return scored;
  }

  private void add(
      List<Operand<TFloat32>> weighted,
      String name,
      Optional<? extends Term> term,
      Operand<TFloat32> weight) {
    if (term.isPresent()) {
      Ops tf = runtime.ops().withSubScope("loss").withSubScope(name);
      Operand<TFloat32> value = term.get().value(tf, forward);
      values.put(name, value);
      weighted.add(tf.withName("weighted").math.mul(value, weight));
    }
  }

  private void differentiate(Predicate<Parameter> trainable) {
    Set<GraphOperation> reached = differentiable(total);
    List<Parameter> with =
        decoder.parameters().stream()
            .filter(trainable)
            .filter(p -> reached.contains((GraphOperation) variables.read(p).asOutput().op()))
            .toList();
    Output<?>[] x = with.stream().map(p -> variables.read(p).asOutput()).toArray(Output<?>[]::new);
    Output<?>[] y = {total.asOutput()};
    Output<?>[] dx = runtime.graph().addGradients("gradients", y, x, null);
    for (int i = 0; i < x.length; i++) {
      @SuppressWarnings("unchecked")
      Operand<TFloat32> gradient = (Operand<TFloat32>) dx[i];
      gradients.put(with.get(i), gradient);
    }
  }

  /**
   * Operations from which a gradient can come: TensorFlow refuses to differentiate with respect to
   * what the output does not depend on, as layers above the one CLReg reads.
   */
  private static Set<GraphOperation> differentiable(Operand<TFloat32> from) {
    Set<GraphOperation> reached = new HashSet<>();
    Deque<GraphOperation> open = new ArrayDeque<>();
    open.add((GraphOperation) from.asOutput().op());
    while (!open.isEmpty()) {
      GraphOperation op = open.remove();
      if (reached.add(op) && !op.type().equals(StopGradient.OP_NAME)) {
        for (Operand<?> input : op.inputs()) {
          open.add((GraphOperation) input.asOutput().op());
        }
      }
    }
    return reached;
  }

  public TfRuntime runtime() {
    return runtime;
  }

  public Decoder decoder() {
    return decoder;
  }

  public Objective objective() {
    return objective;
  }

  public Variables variables() {
    return variables;
  }

  /** Each term by name ({@code forget}, {@code retain}, {@code clreg}), unweighted scalars. */
  public Map<String, Operand<TFloat32>> values() {
    return values;
  }

  /** The weighted sum, a scalar. */
  public Operand<TFloat32> total() {
    return total;
  }

  /** Gradient of the total with respect to each trainable parameter that it reaches. */
  public Map<Parameter, Operand<TFloat32>> gradients() {
    return gradients;
  }

  /** What terms see, for diagnostics. */
  StepContext context() {
    return forward;
  }

  /**
   * Feeds a micro-batch.
   *
   * @param clRegWeight lambda at this step
   */
  public void feed(Feeds feeds, StepBatch batch, double clRegWeight) {
    inputs.feed(feeds, batch, clRegWeight);
  }

  @Override
  public void close() {
    runtime.close();
  }
}
