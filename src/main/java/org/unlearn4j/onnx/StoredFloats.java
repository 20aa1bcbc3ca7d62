package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;

/** A weight in a float format. */
record StoredFloats(TensorProto tensor, boolean gathered) implements StoredWeight {
  @Override
  public String name() {
    return tensor.getName();
  }

  @Override
  public int rows() {
    return tensor.getDimsCount() < 2 ? 1 : Math.toIntExact(tensor.getDims(0));
  }

  @Override
  public int columns() {
    return Math.toIntExact(TensorReader.size(tensor) / Math.max(1, rows()));
  }

  @Override
  public boolean coded() {
    return false;
  }

  DataType type() {
    return DataType.forNumber(tensor.getDataType());
  }

  @Override
  public Rows open(TensorReader reader) {
    return (first, count, strip) ->
        reader.floats(tensor, (long) first * columns(), strip.values, count * columns());
  }
}
