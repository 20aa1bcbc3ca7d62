package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.List;

/** A tensor of an ONNX graph that is being emitted: its name, number format and shape. */
public final class Value {
  /** Stands where a node's optional input is left out. */
  static final Value NONE = new Value("", DataType.UNDEFINED, List.of());

  private final String name;
  private final DataType type;
  private final List<Dim> shape;

  Value(String name, DataType type, List<Dim> shape) {
    this.name = name;
    this.type = type;
    this.shape = List.copyOf(shape);
  }

  /** The name under which nodes read it. */
  public String name() {
    return name;
  }

  DataType type() {
    return type;
  }

  List<Dim> shape() {
    return shape;
  }

  int rank() {
    return shape.size();
  }

  /** Size of the last axis, -1 where it is known only at run time. */
  long width() {
    return shape.isEmpty() ? -1 : shape.get(shape.size() - 1).size();
  }

  ValueInfoProto proto() {
    TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
    shape.forEach(d -> dims.addDim(d.proto()));
    TypeProto.Tensor.Builder tensor =
        TypeProto.Tensor.newBuilder().setElemType(type.getNumber()).setShape(dims);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  Value renamed(String other) {
    return new Value(other, type, shape);
  }

  @Override
  public String toString() {
    return name + " " + type + shape;
  }
}
