package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Changes of number format; a value is changed once, however many nodes read it. */
final class Casts {
  private final GraphBuilder g;
  private final Map<Value, Value> half = new HashMap<>();
  private final Map<Value, Value> wide = new HashMap<>();

  Casts(GraphBuilder g) {
    this.g = g;
  }

  /** The value in float16. */
  Value half(Value x) {
    return x.type() == DataType.FLOAT16
        ? x
        : half.computeIfAbsent(x, v -> cast(v, DataType.FLOAT16));
  }

  /** The value in float32. */
  Value wide(Value x) {
    return x.type() == DataType.FLOAT ? x : wide.computeIfAbsent(x, v -> cast(v, DataType.FLOAT));
  }

  /** A number format under a name of its own, for an output of the graph. */
  void into(Value x, Value named) {
    g.node(Op.CAST, "", to(named.type()), List.of(x), List.of(named));
  }

  private Value cast(Value x, DataType type) {
    return g.node(Op.CAST, "", to(type), type, x.shape(), x);
  }

  private static Map<String, ?> to(DataType type) {
    return Map.of("to", (long) type.getNumber());
  }
}
