package org.unlearn4j.tf;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;

/**
 * The adapters of a graph's model: {@code s ((x A^T) B^T - (x A0^T) B0^T)} beside each adapted
 * product. A0 and B0 are where A and B began, so that a model with adapters that have learned
 * nothing is the model without, whatever they were filled with; where B begins with zeros there is
 * no second product.
 */
public final class AdapterWeights {
  /** Beyond the places at which the residual stream is dropped from the same seed. */
  private static final long FIRST_PLACE = 1 << 11;

  private final Adapter adapter;
  private final Variables learned;
  private final Optional<Variables> start;
  private final Map<String, Factors> factors = new HashMap<>();
  private final Map<String, Operand<TFloat32>> merged = new HashMap<>();
  private final Map<Shared, List<Output<TFloat32>>> shared = new HashMap<>();

  /** Values that several targets read. */
  private record Shared(Output<?> x, List<Adapter.Target> readers) {}

  /** {@code [rank, in]} and {@code [out, rank]}, of twice the rank where there is a start. */
  private record Factors(Operand<TFloat32> down, Operand<TFloat32> up) {}

  /**
   * Adds the variables to a graph.
   *
   * @param shifted whether B begins with other values than zeros
   */
  public AdapterWeights(TfRuntime runtime, Adapter adapter, boolean shifted) {
    this(runtime, "", adapter, shifted);
  }

  /**
   * The same.
   *
   * @param prefix of the variables' names
   */
  public AdapterWeights(TfRuntime runtime, String prefix, Adapter adapter, boolean shifted) {
    this.adapter = adapter;
    this.learned = new Variables(runtime, prefix + "adapter", adapter.parameters());
    List<Parameter> factors =
        adapter.targets().stream().flatMap(t -> List.of(t.down(), t.up()).stream()).toList();
    this.start =
        shifted
            ? Optional.of(new Variables(runtime, prefix + "adapter_start", factors))
            : Optional.empty();
  }

  /** The same on further devices. */
  public void copiedBy(List<AdapterWeights> others) {
    learned.copiedBy(others.stream().map(o -> o.learned).toList());
    start.ifPresent(s -> s.copiedBy(others.stream().map(o -> o.start.orElseThrow()).toList()));
  }

  public Adapter adapter() {
    return adapter;
  }

  /** A and B of each target, and the biases that learn. */
  public Variables learned() {
    return learned;
  }

  /** A0 and B0, to be assigned before the first step; empty where B begins with zeros. */
  public Optional<Variables> start() {
    return start;
  }

  /** A bias of an adapted model: the learned one, or else the base's. */
  Operand<TFloat32> bias(Variables base, Parameter bias) {
    return adapter.biases().contains(bias) ? learned.read(bias) : base.read(bias);
  }

  /**
   * What is added to the product of {@code x [tokens, in]}: {@code [tokens, out]}.
   *
   * @param seed of dropout, {@code [2]}; empty: nothing is dropped
   */
  Optional<Operand<TFloat32>> f32(
      Ops tf, Operand<TFloat32> x, Linear linear, Optional<Operand<TInt64>> seed) {
    return adapter
        .target(linear)
        .map(
            t -> {
              Ops ops = tf.withSubScope("adapter");
              Operand<TFloat32> between =
                  between(
                      ops,
                      x,
                      t,
                      seed,
                      (read, down) -> ops.linalg.matMul(read, down, MatMul.transposeB(true)));
              return ops.linalg.matMul(between, factors(t).up, MatMul.transposeB(true));
            });
  }

  /** The same in bfloat16, but for the values between the two products. */
  Optional<Operand<TBfloat16>> bf16(
      Ops tf, Operand<TBfloat16> x, Linear linear, Optional<Operand<TInt64>> seed) {
    return adapter
        .target(linear)
        .map(
            t -> {
              Ops ops = tf.withSubScope("adapter");
              Operand<TFloat32> between =
                  between(ops, x, t, seed, (read, down) -> narrow(ops, read, down));
              return ops.linalg.matMul(
                  ops.dtypes.cast(between, TBfloat16.class),
                  ops.dtypes.cast(factors(t).up, TBfloat16.class),
                  MatMul.transposeB(true));
            });
  }

  private static Operand<TFloat32> narrow(Ops tf, Operand<TBfloat16> x, Operand<TFloat32> down) {
    Operand<TBfloat16> brain = tf.dtypes.cast(down, TBfloat16.class);
    return tf.dtypes.cast(tf.linalg.matMul(x, brain, MatMul.transposeB(true)), TFloat32.class);
  }

  /**
   * {@code s x A^T}, {@code [tokens, rank]}. Targets that read the same x have one product, with
   * their A below each other: narrow products take mostly the time of reading x, and the way back
   * has one gradient of x to add instead of one a target. Where values of x are dropped, each
   * target has an x of its own.
   */
  private <N extends TNumber> Operand<TFloat32> between(
      Ops tf,
      Operand<N> x,
      Adapter.Target target,
      Optional<Operand<TInt64>> seed,
      BiFunction<Operand<N>, Operand<TFloat32>, Operand<TFloat32>> product) {
    List<Adapter.Target> readers = adapter.readers(target);
    if (readers.size() == 1 || drops(seed)) {
      Operand<N> read = dropped(tf, x, target, seed);
      return scaled(tf, product.apply(read, factors(target).down));
    }
    return shared
        .computeIfAbsent(
            new Shared(x.asOutput(), readers),
            s -> {
              List<Operand<TFloat32>> downs = readers.stream().map(r -> factors(r).down).toList();
              Operand<TFloat32> down = tf.concat(downs, tf.constant(0));
              Operand<TFloat32> all = scaled(tf, product.apply(x, down));
              return tf.split(tf.constant(1), all, (long) readers.size()).output();
            })
        .get(readers.indexOf(target));
  }

  /** Each target draws its own: the same seed drops the same values, also when emitted again. */
  private <N extends TNumber> Operand<N> dropped(
      Ops tf, Operand<N> x, Adapter.Target target, Optional<Operand<TInt64>> seed) {
    if (!drops(seed)) {
      return x;
    }
    double p = adapter.shape().dropout();
    long place = FIRST_PLACE + adapter.targets().indexOf(target);
    Operand<TFloat32> uniform =
        tf.random.statelessRandomUniform(
            tf.shape(x), tf.math.add(seed.get(), tf.array(0L, place)), TFloat32.class);
    Operand<TFloat32> kept =
        tf.dtypes.cast(tf.math.greaterEqual(uniform, tf.constant((float) p)), TFloat32.class);
    Operand<TFloat32> factor = tf.math.mul(kept, tf.constant((float) (1 / (1 - p))));
    return tf.math.mul(x, tf.dtypes.cast(factor, x.type()));
  }

  private boolean drops(Optional<Operand<TInt64>> seed) {
    return adapter.shape().dropout() > 0 && seed.isPresent();
  }

  private Operand<TFloat32> scaled(Ops tf, Operand<TFloat32> x) {
    return tf.math.mul(x, tf.constant((float) adapter.shape().scale()));
  }

  /** The weight that one product would take, in the layout of the base's. */
  Operand<TFloat32> merged(Variables base, Linear linear) {
    Optional<Adapter.Target> target = adapter.target(linear);
    if (target.isEmpty()) {
      return base.read(linear.weight());
    }
    return merged.computeIfAbsent(
        linear.weight().name(),
        name -> {
          Ops tf = learned.ops().withSubScope(name).withSubScope("merged");
          Factors f = factors(target.get());
          Operand<TFloat32> product =
              linear.inOut()
                  ? tf.linalg.matMul(f.down, f.up, MatMul.transposeA(true), MatMul.transposeB(true))
                  : tf.linalg.matMul(f.up, f.down);
          return tf.math.add(base.read(linear.weight()), scaled(tf, product));
        });
  }

  private Factors factors(Adapter.Target t) {
    return factors.computeIfAbsent(
        t.down().name(),
        name -> {
          Operand<TFloat32> down = learned.read(t.down());
          Operand<TFloat32> up = learned.read(t.up());
          if (start.isEmpty()) {
            return new Factors(down, up);
          }
          // B A - B0 A0 as (B - B0) A + B0 (A - A0): at the start exactly nothing. In bfloat16 what
          // has been learned is not rounded together with what it began as.
          Ops tf = learned.ops().withSubScope(name).withSubScope("shifted");
          Operand<TFloat32> down0 = start.get().read(t.down());
          Operand<TFloat32> up0 = start.get().read(t.up());
          return new Factors(
              tf.concat(List.of(down, tf.math.sub(down, down0)), tf.constant(0)),
              tf.concat(List.of(tf.math.sub(up, up0), up0), tf.constant(1)));
        });
  }
}
