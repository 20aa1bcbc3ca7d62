package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Who sees whom, built once a graph and shared by its layers: {@code [batch, 1, time, total]}, zero
 * where a query sees a key and the lowest finite number elsewhere, to be added to the scores.
 *
 * <p>Query i of this call stands at index {@code past + i} and sees the key at index j where {@code
 * j <= past + i} and {@code attention_mask[j]} is 1 (and, with a window w, {@code j > past + i -
 * w}). Indices count columns, padding included, so the same rule serves rows padded on the left, on
 * the right, or in the middle.
 *
 * <p>The causal flag of the Attention operator is not used: the specification aligns it to the
 * upper left, which is wrong as soon as queries and past are both longer than one. A query that
 * sees nothing at all gets the same score everywhere, hence a plain mean and never NaN: the lowest
 * finite number, unlike minus infinity, absorbs what it is added to.
 */
final class CausalMask {
  private static final float BLOCKED = -Float.MAX_VALUE;

  private final GraphBuilder g;
  private final Value ids;
  private final Value attentionMask;
  private final Map<OptionalInt, Value> byWindow = new HashMap<>();

  CausalMask(GraphBuilder g, Value ids, Value attentionMask) {
    this.g = g;
    this.ids = ids;
    this.attentionMask = attentionMask;
  }

  Value of(OptionalInt window) {
    Value known = byWindow.get(window);
    if (known == null) {
      String scope = window.isPresent() ? "mask_" + window.getAsInt() : "mask";
      known = g.atRoot(() -> g.within(scope, () -> build(window)));
      byWindow.put(window, known);
    }
    return known;
  }

  private Value build(OptionalInt window) {
    Value total = lastAxis("total", attentionMask);
    Value time = lastAxis("time", ids);
    Value past = g.node(Op.SUB, "past", Map.of(), List.of(), total, time);
    Value one = g.scalar(1L);
    Value keys =
        g.node(Op.RANGE, "keys", Map.of(), List.of(Dim.TOTAL), g.scalar(0L), total, one); // [total]
    Value queries = g.node(Op.RANGE, "queries", Map.of(), List.of(Dim.TIME), past, total, one);
    Value column =
        g.node(
            Op.UNSQUEEZE,
            "queries",
            Map.of(),
            List.of(Dim.TIME, Dim.of(1)),
            queries,
            g.vector(1)); // [time, 1]
    List<Dim> square = List.of(Dim.TIME, Dim.TOTAL);
    Value seen = g.node(Op.LESS_OR_EQUAL, "causal", Map.of(), DataType.BOOL, square, keys, column);
    if (window.isPresent()) {
      Value width = g.scalar((long) window.getAsInt());
      Value first = g.node(Op.SUB, "window", Map.of(), column.shape(), column, width);
      Value near = g.node(Op.GREATER, "window", Map.of(), DataType.BOOL, square, keys, first);
      seen = g.node(Op.AND, "window", Map.of(), square, seen, near);
    }
    Value real =
        g.node(
            Op.CAST,
            "padding",
            Map.of("to", (long) DataType.BOOL.getNumber()),
            DataType.BOOL,
            attentionMask.shape(),
            attentionMask);
    List<Dim> row = List.of(Dim.BATCH, Dim.of(1), Dim.of(1), Dim.TOTAL);
    Value broadcast = g.node(Op.UNSQUEEZE, "padding", Map.of(), row, real, g.vector(1, 2));
    List<Dim> full = List.of(Dim.BATCH, Dim.of(1), Dim.TIME, Dim.TOTAL);
    Value visible = g.node(Op.AND, "visible", Map.of(), full, broadcast, seen);
    return g.node(
        Op.WHERE, "bias", Map.of(), DataType.FLOAT, full, visible, g.scalar(0f), g.scalar(BLOCKED));
  }

  /** Length of axis 1 of a matrix, as a scalar. */
  private Value lastAxis(String label, Value matrix) {
    Value shape = g.node(Op.SHAPE, label, Map.of(), DataType.INT64, List.of(Dim.of(2)), matrix);
    return g.node(Op.GATHER, label, Map.of("axis", 0L), List.of(), shape, g.scalar(1L));
  }
}
