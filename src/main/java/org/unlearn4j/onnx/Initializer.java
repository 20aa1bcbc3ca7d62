package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;
import org.unlearn4j.nn.Parameter;

/**
 * A large constant of a graph, declared without its values.
 *
 * @param parameter the weight it is, null for a table that the emitter computed
 * @param table values of a computed table, null for a weight
 */
@SuppressWarnings("ArrayRecordComponent") // made once, read once; never compared
record Initializer(String name, List<Long> dims, Parameter parameter, float[] table) {

  static Initializer of(Parameter p) {
    return new Initializer(p.name(), p.shape().stream().map(Integer::longValue).toList(), p, null);
  }

  static Initializer table(String name, int rows, float[] values) {
    return new Initializer(name, List.of((long) rows, (long) (values.length / rows)), null, values);
  }

  /** Number of values. */
  long size() {
    return dims.stream().mapToLong(Long::longValue).reduce(1, Math::multiplyExact);
  }

  /** Name, type and shape; the values are for the writer to add. */
  TensorProto.Builder declaration() {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(DataType.FLOAT.getNumber())
        .addAllDims(dims);
  }
}
