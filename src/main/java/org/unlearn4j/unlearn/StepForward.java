package org.unlearn4j.unlearn;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.ExpertShares;
import org.unlearn4j.tf.ModelWeights;
import org.unlearn4j.tf.Pooling;
import org.unlearn4j.tf.RowDropout;
import org.unlearn4j.tf.Spread;
import org.unlearn4j.tf.TensorFlowEmitter;
import org.unlearn4j.tf.TfInputs;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.Variables;

/**
 * The step's forward pass, and that of the frozen twin where there is one, as the terms see them.
 */
final class StepForward implements StepContext {
  private final Ops tf;
  private final TfRuntime runtime;
  private final int place;
  private final StepInputs inputs;
  private final TensorFlowEmitter emitter;
  private final Set<Segment> readable;
  private final ForwardPass policy;
  private final Optional<ForwardPass> twin;
  private final Map<Segment, Operand<TFloat32>> rowNll = new EnumMap<>(Segment.class);
  private final Map<Segment, Operand<TFloat32>> rowTokens = new EnumMap<>(Segment.class);
  private Operand<TFloat32> forgetNll;
  private List<StepForward> all = List.of(this);
  private final Map<String, Operand<TFloat32>> pooled = new HashMap<>();

  /**
   * Emits the passes.
   *
   * @param place of the device that everything is emitted for
   * @param frozen variables of the reference model, if a term reads its logits or states
   */
  StepForward(
      Ops tf,
      TfRuntime runtime,
      int place,
      Decoder decoder,
      Objective objective,
      StepInputs inputs,
      ModelWeights weights,
      Optional<Variables> frozen,
      Computation computation) {
    this.tf = tf;
    this.runtime = runtime;
    this.place = place;
    this.inputs = inputs;
    this.readable = objective.logits();
    TfInputs in = inputs.rows();
    emitter = weights.emitter(tf, in, computation.precision());
    if (inputs.viewSeed() != null) {
      weights.adapter().ifPresent(a -> emitter.adapting(a, inputs.viewSeed()));
    }
    if (computation.recompute()) {
      emitter.recomputing();
    } else if (computation.spread().filter(s -> s.form() == Spread.Form.STAGES).isPresent()) {
      emitter.dividing();
    }
    if (objective.balancing() > 0) {
      emitter.balancing();
    }
    dropout(objective).ifPresent(emitter::dropping);
    objective.quantization().ifPresent(q -> emitter.quantizing(q.form(), inputs.quantized()));
    policy = new ForwardPass(tf, decoder, emitter, inputs.tokens(), objective.scored());
    twin =
        frozen.map(
            reference -> {
              Ops ops = tf.withSubScope("reference");
              FrozenRows rows = FrozenRows.of(ops, inputs, objective.frozen());
              return new ForwardPass(
                  ops,
                  decoder,
                  new TensorFlowEmitter(ops, reference, rows.inputs(), computation.precision()),
                  rows.tokens(),
                  objective.frozenScored());
            });
  }

  /** From now on others see some of the step's rows: all devices', this one's among them. */
  void among(List<StepForward> devices) {
    all = devices;
  }

  @Override
  public List<? extends StepContext> devices() {
    return all;
  }

  /** What emitted the policy's pass. */
  TensorFlowEmitter emitter() {
    return emitter;
  }

  private Optional<RowDropout> dropout(Objective objective) {
    return objective
        .regulariser()
        .filter(r -> r.features().viewDropout() > 0)
        .map(
            r -> {
              Ops ops = tf.withSubScope("view");
              return new RowDropout(
                  inputs.firstRow(ops, Segment.POSITIVE),
                  rows(Segment.POSITIVE),
                  inputs.time(ops),
                  inputs.viewSeed(),
                  r.features().viewDropout());
            });
  }

  @Override
  public Operand<TInt32> rows(Segment segment) {
    return inputs.of(segment).rows();
  }

  @Override
  public Operand<TInt32> labels(Segment segment) {
    return inputs.of(segment).labels();
  }

  @Override
  public Operand<TInt32> labelRows(Segment segment) {
    return inputs.of(segment).labelRows();
  }

  @Override
  public Operand<TFloat32> logits(Segment segment) {
    if (!readable.contains(segment)) {
      throw new IllegalArgumentException("no term declared that it reads logits of " + segment);
    }
    return policy.logits(segment);
  }

  @Override
  public Operand<TFloat32> frozenLogits(Segment segment) {
    return twin.orElseThrow().logits(segment);
  }

  @Override
  public Operand<TFloat32> tokenNll(Segment segment) {
    return policy.nll(segment);
  }

  @Override
  public Operand<TFloat32> rowNll(Segment segment) {
    return rowNll.computeIfAbsent(segment, s -> byRow(s, tokenNll(s)));
  }

  @Override
  public Operand<TFloat32> rowTokens(Segment segment) {
    return rowTokens.computeIfAbsent(
        segment, s -> byRow(s, tf.onesLike(tf.dtypes.cast(labelRows(s), TFloat32.class))));
  }

  @Override
  public Operand<TFloat32> byRow(Segment segment, Operand<TFloat32> tokens) {
    return tf.math.unsortedSegmentSum(tokens, labelRows(segment), rows(segment));
  }

  @Override
  public Operand<TFloat32> referenceNll(Segment segment) {
    return inputs.of(segment).referenceNll();
  }

  @Override
  public Operand<TFloat32> forgetNll() {
    if (inputs.floors() == null) {
      return tokenNll(Segment.FORGET);
    }
    if (forgetNll == null) {
      forgetNll = tf.math.minimum(tokenNll(Segment.FORGET), inputs.floors());
    }
    return forgetNll;
  }

  @Override
  public Operand<TFloat32> forgetRowNll() {
    return inputs.floors() == null ? rowNll(Segment.FORGET) : byRow(Segment.FORGET, forgetNll());
  }

  @Override
  public Optional<Operand<TFloat32>> floors() {
    return Optional.ofNullable(inputs.floors());
  }

  @Override
  public Operand<TFloat32> stepRowTokens(Segment segment) {
    return inputs.of(segment).stepRowTokens();
  }

  @Override
  public Operand<TFloat32> stepRows(Segment segment) {
    return tf.dtypes.cast(tf.size(stepRowTokens(segment)), TFloat32.class);
  }

  @Override
  public Operand<TFloat32> stepTokens(Segment segment) {
    return tf.sum(stepRowTokens(segment), tf.constant(0));
  }

  @Override
  public Operand<TFloat32> states(Segment segment, FeatureLayer layer) {
    return policy.states(segment, layer);
  }

  @Override
  public Operand<TFloat32> frozenStates(Segment segment, FeatureLayer layer) {
    return twin.orElseThrow().states(segment, layer);
  }

  @Override
  public Operand<TFloat32> pooled(Segment segment, FeatureLayer layer, RowPooling pooling) {
    return pooled.computeIfAbsent(
        segment.key() + "/" + layer + "/" + pooling,
        key -> runtime.at(place, () -> pool(segment, layer, pooling)));
  }

  private Operand<TFloat32> pool(Segment segment, FeatureLayer layer, RowPooling pooling) {
    Ops ops = tf.withSubScope("pooled").withSubScope(segment.key());
    Operand<TFloat32> tokens = policy.states(segment, layer);
    return pooling == RowPooling.MEAN
        ? Pooling.mean(ops, tokens, labelRows(segment), rows(segment))
        : Pooling.last(ops, tokens, labelRows(segment), rows(segment));
  }

  @Override
  public List<ExpertShares> expertShares() {
    return emitter.shares();
  }

  @Override
  public Operand<TInt32> realTokens() {
    Operand<TInt32> mask = inputs.rows().mask();
    return tf.sum(tf.reshape(mask, tf.array(-1)), tf.constant(0));
  }

  @Override
  public Operand<TFloat32> queue(FeatureLayer layer) {
    return inputs.queue(layer);
  }
}
