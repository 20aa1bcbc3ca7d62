package org.unlearn4j.tf;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.train.BatchMatMul;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;
import org.unlearn4j.nn.Attention;

/**
 * Scaled dot-product attention, spelled out. Grouped heads are not copied: the queries that share a
 * key/value head are laid along the time axis of one product.
 */
final class TfAttention {
  /**
   * Added to blocked scores; large enough to vanish in the softmax, small enough to stay finite.
   */
  private static final float BLOCKED = -1e30f;

  private final TfInputs inputs;
  private final Variables variables;
  private final Device device;
  private final Ops root;
  private final Operand<TInt32> batch;
  private final Operand<TInt32> time;
  private final Operand<TInt32> total;
  private final Map<Integer, Operand<TFloat32>> masks = new HashMap<>();

  TfAttention(Ops tf, TfInputs inputs, Variables variables) {
    this.variables = variables;
    this.device = variables.device();
    this.root = tf;
    this.inputs = inputs;
    this.batch = axis(tf, inputs.ids(), 0);
    this.time = axis(tf, inputs.ids(), 1);
    this.total = axis(tf, inputs.mask(), 1);
  }

  private static Operand<TInt32> axis(Ops tf, Operand<TInt32> x, int axis) {
    return tf.slice(tf.shape(x), tf.array(axis), tf.array(1));
  }

  /**
   * Zero where a position may look, {@link #BLOCKED} where not: {@code [batch, 1, 1, time, past +
   * time]}; made once for all layers with the same window (0 for none).
   */
  private Operand<TFloat32> mask(int window) {
    return masks.computeIfAbsent(
        window,
        w -> {
          Ops tf = root.withSubScope(w == 0 ? "mask" : "mask_window_" + w);
          Operand<TInt32> zero = tf.constant(0);
          Operand<TInt32> one = tf.constant(1);
          Operand<TInt32> totalScalar = tf.reshape(total, tf.array(new int[0]));
          Operand<TInt32> timeScalar = tf.reshape(time, tf.array(new int[0]));
          Operand<TInt32> past = tf.math.sub(totalScalar, timeScalar);
          // Slots, not positions: with left padding a slot's number and its position differ.
          Operand<TInt32> query =
              tf.reshape(tf.range(past, totalScalar, one), tf.array(-1, 1)); // [time, 1]
          Operand<TInt32> key = tf.range(zero, totalScalar, one); // [past + time]
          Operand<TBool> visible = tf.math.lessEqual(key, query);
          if (w > 0) {
            visible =
                tf.math.logicalAnd(
                    visible, tf.math.greater(key, tf.math.sub(query, tf.constant(w))));
          }
          Operand<TBool> real =
              tf.reshape(
                  tf.math.greater(inputs.mask(), zero),
                  tf.concat(List.of(batch, tf.array(1, 1, 1), total), zero)); // [b, 1, 1, 1, s]
          Operand<TFloat32> allowed =
              tf.dtypes.cast(tf.math.logicalAnd(visible, real), TFloat32.class);
          return tf.math.mul(tf.math.sub(tf.constant(1f), allowed), tf.constant(BLOCKED));
        });
  }

  TfTensor emit(
      Ops tf,
      TfTensor q,
      TfTensor k,
      TfTensor v,
      Attention spec,
      Precision precision,
      Consumer<TfInputs.KeyValue> present) {
    if (precision == Precision.BF16 && inputs.past().isEmpty()) {
      return TfTensor.ofBrain(
          product(tf, q.bf16(tf), k.bf16(tf), v.bf16(tf), spec, TBfloat16.class, kv -> {}));
    }
    return TfTensor.of(
        product(
            tf,
            q.f32(tf),
            k.f32(tf),
            v.f32(tf),
            spec,
            TFloat32.class,
            kv ->
                present.accept(
                    new TfInputs.KeyValue(asFloat(tf, kv.get(0)), asFloat(tf, kv.get(1))))));
  }

  /** Softmax over a row's scores and its head's sink, whose share is left out. */
  private Operand<TFloat32> sinking(
      Ops tf, Operand<TFloat32> scores, Operand<TFloat32> sinks, Attention a) {
    int group = a.heads() / a.kvHeads();
    Operand<TInt32> zero = tf.constant(0);
    Operand<TInt32> column =
        tf.concat(List.of(batch, tf.array(a.kvHeads(), group), time, tf.array(1)), zero);
    Operand<TFloat32> sink =
        tf.math.add(
            tf.fill(column, tf.constant(0f)),
            tf.reshape(sinks, tf.array(1, a.kvHeads(), group, 1, 1)));
    Operand<TFloat32> all = tf.nn.softmax(tf.concat(List.of(scores, sink), tf.constant(4)));
    return tf.slice(all, tf.array(0, 0, 0, 0, 0), tf.shape(scores)); // [b, kv, g, t, s]
  }

  private static Operand<TFloat32> asFloat(Ops tf, Operand<? extends TNumber> x) {
    return tf.dtypes.cast(x, TFloat32.class);
  }

  private <N extends TNumber> Operand<N> product(
      Ops tf,
      Operand<N> q,
      Operand<N> k,
      Operand<N> v,
      Attention a,
      Class<N> type,
      Consumer<List<Operand<N>>> present) {
    int group = a.heads() / a.kvHeads();
    Operand<TInt32> zero = tf.constant(0);
    // Scaling the queries is cheaper than scaling the scores.
    Operand<N> scaled = tf.math.mul(q, tf.dtypes.cast(tf.constant((float) a.scale()), type));
    Operand<TInt32> qShape =
        tf.concat(List.of(batch, time, tf.array(a.heads(), a.headDim())), zero);
    Operand<TInt32> kvShape =
        tf.concat(List.of(batch, time, tf.array(a.kvHeads(), a.headDim())), zero);
    Operand<N> queries =
        tf.linalg.transpose(tf.reshape(scaled, qShape), tf.array(0, 2, 1, 3)); // [b, kv * g, t, hd]
    Operand<N> flatQueries =
        tf.reshape(
            queries, tf.concat(List.of(batch, tf.array(a.kvHeads(), -1, a.headDim())), zero));
    Operand<N> keys =
        tf.linalg.transpose(tf.reshape(k, kvShape), tf.array(0, 2, 1, 3)); // [b, kv, t, hd]
    Operand<N> values = tf.linalg.transpose(tf.reshape(v, kvShape), tf.array(0, 2, 1, 3));
    if (!inputs.past().isEmpty()) {
      TfInputs.KeyValue past = inputs.past().get(a.layer());
      keys =
          tf.concat(
              List.of(tf.dtypes.cast(past.key(), type), keys), tf.constant(2)); // [b, kv, s, hd]
      values = tf.concat(List.of(tf.dtypes.cast(past.value(), type), values), tf.constant(2));
    }
    present.accept(List.of(keys, values));
    Operand<N> scores =
        device
            .on(tf)
            .train
            .batchMatMul(flatQueries, keys, type, BatchMatMul.adjY(true)); // [b, kv, g * t, s]
    Operand<TInt32> byGroup =
        tf.concat(List.of(batch, tf.array(a.kvHeads(), group), time, total), zero);
    Operand<TFloat32> s =
        tf.reshape(tf.dtypes.cast(scores, TFloat32.class), byGroup); // [b, kv, g, t, s]
    if (a.softcap().isPresent()) {
      float cap = (float) a.softcap().getAsDouble();
      s = tf.math.mul(tf.math.tanh(tf.math.mul(s, tf.constant(1 / cap))), tf.constant(cap));
    }
    s = tf.math.add(s, mask(a.window().orElse(0)));
    Operand<TFloat32> weights =
        a.sinks().isPresent()
            ? sinking(tf, s, variables.read(a.sinks().get()), a)
            : tf.nn.softmax(s);
    Operand<N> flatWeights = tf.reshape(tf.dtypes.cast(weights, type), tf.shape(scores));
    Operand<N> mixed =
        device.on(tf).train.batchMatMul(flatWeights, values, type); // [b, kv, g * t, hd]
    Operand<N> byHead =
        tf.linalg.transpose(
            tf.reshape(
                mixed,
                tf.concat(List.of(batch, tf.array(a.heads()), time, tf.array(a.headDim())), zero)),
            tf.array(0, 2, 1, 3)); // [b, t, kv * g, hd]
    return tf.reshape(byHead, tf.array(-1, a.heads() * a.headDim()));
  }
}
