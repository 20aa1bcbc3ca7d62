package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.Parameter;

/**
 * Attention in products of matrices and a softmax, for runtimes without the operator, and for
 * soft-capped scores, which the operator does not cap in one way everywhere: spelled out, the cap
 * comes before the mask in every runtime.
 */
final class SpelledOutAttention {
  private final GraphBuilder g;
  private final Attention a;
  private final Dim kvHeads;
  private final Dim group;
  private final Dim size;

  SpelledOutAttention(GraphBuilder g, Attention a) {
    this.g = g;
    this.a = a;
    this.kvHeads = Dim.of(a.kvHeads());
    this.group = Dim.of(a.heads() / a.kvHeads());
    this.size = Dim.of(a.headDim());
  }

  /**
   * Emits the layer.
   *
   * @param qkv queries, keys and values, {@code [batch, time, features]} each
   * @param mask {@code [batch, 1, time, total]}
   * @param past keys and values so far, {@code [batch, kvHeads, past, headDim]} each
   * @param present the names and shapes of what the cache becomes
   * @return {@code [batch, time, heads * headDim]}
   */
  Value emit(List<Value> qkv, Value mask, List<Value> past, List<Value> present) {
    // Queries that share a key/value head stand along an axis of their own: [b, kv, group, t, hd].
    List<Dim> split = List.of(Dim.BATCH, Dim.TIME, kvHeads, group, size);
    List<Dim> grouped = List.of(Dim.BATCH, kvHeads, group, Dim.TIME, size);
    Value queries =
        transposed(
            "queries",
            reshaped("queries", qkv.get(0), split, a.kvHeads(), group.size(), a.headDim()),
            grouped,
            0,
            2,
            3,
            1,
            4);
    List<Dim> scoresShape = List.of(Dim.BATCH, kvHeads, group, Dim.TIME, Dim.TOTAL);
    Value keys = cached("keys", qkv.get(1), past.get(0), present.get(0));
    List<Dim> turned = List.of(Dim.BATCH, kvHeads, size, Dim.TOTAL);
    Value product =
        g.node(
            Op.MAT_MUL,
            "scores",
            Map.of(),
            scoresShape,
            queries,
            perGroup("keys", transposed("keys", keys, turned, 0, 1, 3, 2)));
    Value masked =
        g.node(Op.ADD, "masked", Map.of(), scoresShape, capped(product), perGroup("mask", mask));
    Value weights =
        a.sinks().isPresent()
            ? sinking(product, masked, a.sinks().get())
            : g.node(Op.SOFTMAX, "", Map.of("axis", -1L), scoresShape, masked);
    Value values = cached("values", qkv.get(2), past.get(1), present.get(1));
    Value mixed =
        g.node(Op.MAT_MUL, "mixed", Map.of(), grouped, weights, perGroup("values", values));
    Value byHead = transposed("mixed", mixed, split, 0, 3, 1, 2, 4);
    Dim width = Dim.of((long) a.heads() * a.headDim());
    return reshaped("mixed", byHead, List.of(Dim.BATCH, Dim.TIME, width), width.size());
  }

  /**
   * Softmax over a row's scores and its head's sink, whose share is left out. The sink's column has
   * the sizes of a column of scores.
   */
  private Value sinking(Value scores, Value masked, Parameter sinks) {
    List<Dim> one = new ArrayList<>(scores.shape());
    one.set(one.size() - 1, Dim.of(1));
    Value last = g.vector(-1);
    Value first = g.node(Op.SLICE, "sinks", Map.of(), one, scores, g.vector(0), g.vector(1), last);
    Value nothing = g.node(Op.MUL, "sinks", Map.of(), one, first, g.scalar(0f));
    List<Dim> heads = List.of(Dim.of(1), kvHeads, group, Dim.of(1), Dim.of(1));
    Value logits =
        g.node(
            Op.RESHAPE,
            "sinks",
            Map.of(),
            heads,
            g.initializer(Initializer.of(sinks, DataType.FLOAT)),
            g.vector(1, kvHeads.size(), group.size(), 1, 1));
    Value column = g.node(Op.ADD, "sinks", Map.of(), one, nothing, logits);
    List<Dim> more = new ArrayList<>(scores.shape());
    more.set(more.size() - 1, Dim.named("total_and_sink"));
    Value all = g.node(Op.CONCAT, "sinks", Map.of("axis", -1L), more, masked, column);
    Value weights = g.node(Op.SOFTMAX, "", Map.of("axis", -1L), more, all);
    return g.node(
        Op.SLICE, "weights", Map.of(), scores.shape(), weights, g.vector(0), g.vector(-1), last);
  }

  /** {@code scale * s}, or {@code cap * tanh(scale * s / cap)}. */
  private Value capped(Value scores) {
    double cap = a.softcap().orElse(1);
    Value factor = g.scalar((float) (a.scale() / cap));
    Value small = g.node(Op.MUL, "scale", Map.of(), scores.shape(), scores, factor);
    if (a.softcap().isEmpty()) {
      return small;
    }
    Value squashed = g.node(Op.TANH, "softcap", Map.of(), scores.shape(), small);
    Value limit = g.scalar((float) cap);
    return g.node(Op.MUL, "softcap", Map.of(), scores.shape(), squashed, limit);
  }

  /** {@code [b, t, kv * hd]} behind what is cached: {@code [b, kv, total, hd]}. */
  private Value cached(String label, Value x, Value past, Value present) {
    List<Dim> split = List.of(Dim.BATCH, Dim.TIME, kvHeads, size);
    List<Dim> byHead = List.of(Dim.BATCH, kvHeads, Dim.TIME, size);
    Value fresh =
        transposed(label, reshaped(label, x, split, a.kvHeads(), a.headDim()), byHead, 0, 2, 1, 3);
    g.node(Op.CONCAT, label, Map.of("axis", 2L), List.of(past, fresh), List.of(present));
    return present;
  }

  /** An axis of one behind the heads, along which the queries of a group share. */
  private Value perGroup(String label, Value x) {
    List<Dim> shape =
        List.of(x.shape().get(0), x.shape().get(1), Dim.of(1), x.shape().get(2), x.shape().get(3));
    return g.node(Op.UNSQUEEZE, label, Map.of(), shape, x, g.vector(2));
  }

  /** Batch and time as they are, the features cut up. */
  private Value reshaped(String label, Value x, List<Dim> shape, long... features) {
    long[] sizes = new long[features.length + 2]; // 0: as it is
    System.arraycopy(features, 0, sizes, 2, features.length);
    return g.node(Op.RESHAPE, label, Map.of(), shape, x, g.vector(sizes));
  }

  private Value transposed(String label, Value x, List<Dim> shape, long... order) {
    return g.node(Op.TRANSPOSE, label, Map.of("perm", order), shape, x);
  }
}
