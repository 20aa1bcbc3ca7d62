package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.unlearn4j.nn.Activation;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.ClampedGate;
import org.unlearn4j.nn.Emitter;
import org.unlearn4j.nn.Experts;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Norm;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.Rotary;

/**
 * Emits a decoder as TensorFlow operations. Activations are kept flat, {@code [batch * time,
 * features]}, so that every linear map is one matrix product; only attention sees batch and time
 * apart.
 */
public final class TensorFlowEmitter implements Emitter<TfTensor> {
  private final Variables variables;
  private final Precision precision;
  private final TfInputs inputs;
  private final TfAttention attention;
  private final Map<Rotary, Rotations> rotations = new HashMap<>();
  private final List<TfInputs.KeyValue> present = new ArrayList<>();
  private final List<Operand<TInt32>> routes = new ArrayList<>();
  private final List<ExpertShares> shares = new ArrayList<>();
  private final TfLinear linear;
  private final TfNorms norms;
  private final Checkpoints checkpoints = new Checkpoints();
  private Ops tf;
  private RowDropout dropout;
  private LinearReader reader;
  private SoftVectors prompt;
  private Optional<Operand<TInt64>> ownTokens = Optional.empty();
  private boolean balancing;
  private int places;
  private int blocks;

  /**
   * An emitter over one batch.
   *
   * @param tf where operations go; scopes of the decoder are put below its own
   */
  public TensorFlowEmitter(Ops tf, Variables variables, TfInputs inputs, Precision precision) {
    this.tf = tf;
    this.variables = variables;
    this.inputs = inputs;
    this.precision = precision;
    this.attention = new TfAttention(tf.withSubScope("attention"), inputs, variables);
    this.linear = new TfLinear(variables, precision);
    this.norms = new TfNorms(variables);
  }

  /** From now on drops values of the residual stream in some rows. */
  public void dropping(RowDropout rows) {
    dropout = rows;
  }

  /**
   * From now on reads the weights of linear maps as they will be deployed.
   *
   * @param active scalar; false: as they are
   */
  public void quantizing(FakeQuantization form, Operand<TBool> active) {
    linear.quantizing(form, active);
  }

  /** From now on tells what linear maps read. */
  void telling(LinearReader listener) {
    reader = listener;
  }

  /** From now on every row begins with vectors. */
  void prompted(SoftVectors vectors) {
    prompt = vectors;
  }

  /** From now on adds what adapters make of the linear maps' inputs. */
  public void adapting(AdapterWeights weights) {
    linear.adapting(weights, Optional.empty());
  }

  /**
   * The same in training.
   *
   * @param seed of what is dropped on its way to the adapters, {@code [2]}
   */
  public void adapting(AdapterWeights weights, Operand<TInt64> seed) {
    linear.adapting(weights, Optional.of(seed));
  }

  /**
   * From now on keeps of each block its input alone: {@link Backward} emits the block a second
   * time.
   */
  public void recomputing() {
    checkpoints.start(tf);
  }

  /** From now on {@link Backward} differentiates block by block, each on its device. */
  public void dividing() {
    checkpoints.keep(tf);
  }

  /** The blocks so far, lowest first; empty unless {@link #recomputing()} or dividing. */
  List<Checkpoints.Block> blocks() {
    return checkpoints.blocks();
  }

  /** From now on sums up how routers divide the tokens. */
  public void balancing() {
    balancing = true;
  }

  /** How they did, layer by layer; the forward pass alone. */
  public List<ExpertShares> shares() {
    return List.copyOf(shares);
  }

  /** The token ids as the decoder takes them. */
  public TfTensor ids() {
    return TfTensor.IDS;
  }

  /** Keys and values of each layer after this pass, past included; layer by layer. */
  public List<TfInputs.KeyValue> present() {
    return List.copyOf(present);
  }

  /** Experts of each token so far, {@code [tokens, chosen]} each; the forward pass alone. */
  List<Operand<TInt32>> routes() {
    return List.copyOf(routes);
  }

  @Override
  public <R> R within(String scope, Supplier<R> body) {
    Ops outer = tf;
    tf = outer.withSubScope(scope);
    checkpoints.enter(scope);
    try {
      return body.get();
    } finally {
      checkpoints.leave();
      tf = outer;
    }
  }

  @Override
  public TfTensor block(TfTensor x, UnaryOperator<TfTensor> body) {
    int drawn = places;
    int device = variables.device(blocks++);
    return variables.at(
        device,
        () ->
            checkpoints.active()
                ? checkpoints.block(
                    tf,
                    device,
                    x,
                    input -> made(body, input),
                    (ops, input) -> again(ops, drawn, body, input),
                    shares)
                : body.apply(x));
  }

  /** A block, and what it says of its router. */
  private Checkpoints.Made made(UnaryOperator<TfTensor> body, TfTensor x) {
    int before = shares.size();
    TfTensor y = body.apply(x);
    return new Checkpoints.Made(y, List.copyOf(shares.subList(before, shares.size())));
  }

  /** Emits a block a second time, below another scope; dropout drops there what it dropped. */
  private Checkpoints.Made again(Ops ops, int place, UnaryOperator<TfTensor> body, TfTensor input) {
    Ops outer = tf;
    int next = places;
    int kept = present.size();
    int routed = routes.size();
    int summed = shares.size();
    tf = ops;
    places = place;
    try {
      return made(body, input);
    } finally {
      tf = outer;
      places = next;
      present.subList(kept, present.size()).clear();
      routes.subList(routed, routes.size()).clear();
      shares.subList(summed, shares.size()).clear();
    }
  }

  @Override
  public TfTensor embedding(TfTensor ids, Parameter table) {
    Operand<TFloat32> rows = variables.rows(tf, table, inputs.ids());
    return TfTensor.of(prompt == null ? rows : prompt.before(tf, rows, inputs.positions()));
  }

  @Override
  public TfTensor positionEmbedding(Parameter table) {
    return TfTensor.of(variables.rows(tf, table, inputs.positions()));
  }

  @Override
  public TfTensor linear(TfTensor x, Linear map) {
    if (reader != null) {
      reader.reads(map, x, ownTokens);
    }
    return linear.emit(tf, x, map);
  }

  @Override
  public TfTensor rmsNorm(TfTensor x, Norm norm) {
    Ops ops = tf.withSubScope(TfLinear.shortName(norm.weight()));
    return TfTensor.of(norms.rms(ops, x.f32(tf), norm));
  }

  @Override
  public TfTensor headNorm(TfTensor x, int heads, Norm norm) {
    Ops ops = tf.withSubScope(TfLinear.shortName(norm.weight()));
    Operand<TFloat32> byHead =
        ops.reshape(x.f32(tf), ops.array(-1, heads, norm.size())); // [b * t, heads, size]
    return TfTensor.of(
        ops.reshape(norms.rms(ops, byHead, norm), ops.array(-1, heads * norm.size())));
  }

  @Override
  public TfTensor layerNorm(TfTensor x, Norm norm) {
    Ops ops = tf.withSubScope(TfLinear.shortName(norm.weight()));
    return TfTensor.of(norms.layer(ops, x.f32(tf), norm));
  }

  @Override
  public TfTensor rotary(TfTensor x, int heads, Rotary rotary) {
    Rotations turns =
        rotations.computeIfAbsent(
            rotary,
            r ->
                Rotations.emit(
                    variables.ops().withSubScope("rotary"), inputs.positions(), inputs.mask(), r));
    return TfTensor.of(turns.apply(tf.withSubScope("rotary"), x.f32(tf), heads));
  }

  @Override
  public TfTensor attention(TfTensor q, TfTensor k, TfTensor v, Attention spec) {
    Ops ops = tf.withSubScope("attention");
    return attention.emit(ops, q, k, v, spec, precision, present::add);
  }

  @Override
  public TfTensor experts(TfTensor x, Experts experts) {
    return new TfExperts(
            variables,
            (own, tokens, e) -> {
              ownTokens = Optional.of(tokens);
              TfTensor made = experts.emit(this, own, e);
              ownTokens = Optional.empty();
              return made;
            })
        .emit(tf.withSubScope("experts"), x, experts, this::routed);
  }

  private void routed(Operand<TFloat32> probabilities, Operand<TInt32> choice) {
    routes.add(choice);
    if (balancing) {
      Ops ops = tf.withSubScope("shares");
      shares.add(ExpertShares.of(ops, probabilities, choice, inputs.mask()));
    }
  }

  @Override
  public TfTensor clampedGate(TfTensor gate, TfTensor up, ClampedGate form) {
    return TfExperts.clampedGate(tf.withSubScope("clamped_gate"), gate, up, form);
  }

  @Override
  public TfTensor activation(TfTensor x, Activation f) {
    Ops ops = tf.withSubScope("activation");
    if (f == Activation.SILU && x.onlyBrain()) {
      return TfTensor.ofBrain(ops.math.mul(x.bf16(ops), ops.math.sigmoid(x.bf16(ops))));
    }
    Operand<TFloat32> v = x.f32(ops);
    return TfTensor.of(
        switch (f) {
          case SILU -> ops.math.mul(v, ops.math.sigmoid(v));
          case RELU -> ops.nn.relu(v);
          case GELU -> {
            Operand<TFloat32> erf =
                ops.math.erf(ops.math.mul(v, ops.constant((float) Math.sqrt(0.5))));
            yield ops.math.mul(half(ops, v), ops.math.add(erf, ops.constant(1f)));
          }
          case GELU_TANH -> {
            Operand<TFloat32> cube =
                ops.math.mul(ops.math.square(v), ops.math.mul(v, ops.constant(0.044715f)));
            Operand<TFloat32> inner =
                ops.math.mul(ops.math.add(v, cube), ops.constant((float) Math.sqrt(2 / Math.PI)));
            yield ops.math.mul(half(ops, v), ops.math.add(ops.math.tanh(inner), ops.constant(1f)));
          }
        });
  }

  private static Operand<TFloat32> half(Ops ops, Operand<TFloat32> x) {
    return ops.math.mul(x, ops.constant(0.5f));
  }

  @Override
  public TfTensor add(TfTensor a, TfTensor b) {
    return TfTensor.of(tf.math.add(a.f32(tf), b.f32(tf)));
  }

  @Override
  public TfTensor multiply(TfTensor a, TfTensor b) {
    if (a.onlyBrain() && b.onlyBrain()) {
      return TfTensor.ofBrain(tf.math.mul(a.bf16(tf), b.bf16(tf)));
    }
    return TfTensor.of(tf.math.mul(a.f32(tf), b.f32(tf)));
  }

  @Override
  public TfTensor scale(TfTensor x, double factor) {
    return TfTensor.of(tf.math.mul(x.f32(tf), tf.constant((float) factor)));
  }

  @Override
  public TfTensor stream(TfTensor x) {
    return dropout == null
        ? x
        : TfTensor.of(dropout.apply(tf.withSubScope("dropout"), x.f32(tf), places++));
  }

  @Override
  public TfTensor softcap(TfTensor x, double cap) {
    Operand<TFloat32> scaled = tf.math.mul(x.f32(tf), tf.constant((float) (1 / cap)));
    return TfTensor.of(tf.math.mul(tf.math.tanh(scaled), tf.constant((float) cap)));
  }

  @Override
  public List<TfTensor> split(TfTensor x, int... sizes) {
    List<TfTensor> parts = new ArrayList<>();
    if (Arrays.stream(sizes).distinct().count() == 1) {
      // The gradient of an even split is one concatenation; that of slices pads and adds.
      long n = sizes.length;
      if (x.onlyBrain()) {
        tf.split(tf.constant(1), x.bf16(tf), n)
            .output()
            .forEach(p -> parts.add(TfTensor.ofBrain(p)));
      } else {
        tf.split(tf.constant(1), x.f32(tf), n).output().forEach(p -> parts.add(TfTensor.of(p)));
      }
      return parts;
    }
    long from = 0;
    for (int size : sizes) {
      Operand<TInt32> begin = tf.array(0, (int) from);
      Operand<TInt32> extent = tf.array(-1, size);
      parts.add(
          x.onlyBrain()
              ? TfTensor.ofBrain(tf.slice(x.bf16(tf), begin, extent))
              : TfTensor.of(tf.slice(x.f32(tf), begin, extent)));
      from += size;
    }
    return parts;
  }

  @Override
  public List<TfTensor> splitHeads(TfTensor x, int heads, int... sizes) {
    return x.onlyBrain()
        ? parts(x.bf16(tf), heads, sizes).stream().map(TfTensor::ofBrain).toList()
        : parts(x.f32(tf), heads, sizes).stream().map(TfTensor::of).toList();
  }

  private <N extends TNumber> List<Operand<N>> parts(Operand<N> x, int heads, int... sizes) {
    int all = Arrays.stream(sizes).sum();
    Operand<N> byHead = tf.reshape(x, tf.array(-1, heads, all)); // [b * t, heads, all]
    List<Operand<N>> parts = new ArrayList<>();
    int from = 0;
    for (int size : sizes) {
      Operand<N> part = tf.slice(byHead, tf.array(0, 0, from), tf.array(-1, -1, size));
      parts.add(tf.reshape(part, tf.array(-1, heads * size)));
      from += size;
    }
    return parts;
  }
}
