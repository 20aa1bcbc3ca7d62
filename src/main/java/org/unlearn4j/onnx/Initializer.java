package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.Blocks;
import org.unlearn4j.weights.RowQuantizer;

/**
 * A large constant of a graph, declared without its values.
 *
 * @param type number format in the file
 * @param content where the values come from
 */
record Initializer(String name, List<Long> dims, DataType type, Content content) {

  /** Where values come from. */
  sealed interface Content {}

  /** A weight as it is, but for its number format. */
  record Weight(Parameter parameter) implements Content {}

  /** Computed by the emitter. */
  @SuppressWarnings("ArrayRecordComponent") // made once, read once; never compared
  record Table(float[] values) implements Content {}

  /** Codes of a linear map's weight, row by row of {@code [out, in]}. */
  record Codes(Linear linear, RowQuantizer quantizer) implements Content {}

  /** The scales that belong to those codes. */
  record Scales(Linear linear, RowQuantizer quantizer) implements Content {}

  /** The zero points that belong to them, each row of them beginning with a byte of its own. */
  record Zeros(Linear linear, RowQuantizer quantizer) implements Content {}

  /** A weight in one of the float formats. */
  static Initializer of(Parameter p, DataType type) {
    List<Long> dims = p.shape().stream().map(Integer::longValue).toList();
    return new Initializer(p.name(), dims, type, new Weight(p));
  }

  static Initializer table(String name, int rows, float[] values) {
    List<Long> dims = List.of((long) rows, (long) (values.length / rows));
    return new Initializer(name, dims, DataType.FLOAT, new Table(values));
  }

  /** Codes of a linear map, one byte each or packed in pairs, as {@code dims} say. */
  static Initializer codes(Linear l, RowQuantizer quantizer, DataType type, Long... dims) {
    String name = l.weight().name() + ".codes";
    return new Initializer(name, List.of(dims), type, new Codes(l, quantizer));
  }

  static Initializer scales(Linear l, RowQuantizer quantizer) {
    long scales = (long) l.out() * quantizer.scales(l.in());
    String name = l.weight().name() + ".scales";
    boolean half = quantizer instanceof Blocks b && b.half();
    DataType type = half ? DataType.FLOAT16 : DataType.FLOAT;
    return new Initializer(name, List.of(scales), type, new Scales(l, quantizer));
  }

  static Initializer zeros(Linear l, RowQuantizer quantizer) {
    long bytes = (long) l.out() * zeroBytes(l, quantizer);
    String name = l.weight().name() + ".zeros";
    return new Initializer(name, List.of(bytes), DataType.UINT8, new Zeros(l, quantizer));
  }

  /** Bytes that the zero points of a row take. */
  static int zeroBytes(Linear l, RowQuantizer quantizer) {
    return (quantizer.zeros(l.in()) * quantizer.bits() + 7) / 8;
  }

  /** Number of values. */
  long size() {
    return dims.stream().mapToLong(Long::longValue).reduce(1, Math::multiplyExact);
  }

  /** Size in the file. */
  long bytes() {
    int each =
        switch (type) {
          case FLOAT -> Float.BYTES;
          case FLOAT16 -> Short.BYTES;
          default -> 1;
        };
    return each * size();
  }

  /** The checkpoint's parameter that the values are of; null for a table. */
  Parameter parameter() {
    if (content instanceof Weight w) {
      return w.parameter();
    }
    if (content instanceof Codes c) {
      return c.linear().weight();
    }
    if (content instanceof Zeros z) {
      return z.linear().weight();
    }
    return content instanceof Scales s ? s.linear().weight() : null;
  }

  /** Name, type and shape; the values are for the writer to add. */
  TensorProto.Builder declaration() {
    return TensorProto.newBuilder().setName(name).setDataType(type.getNumber()).addAllDims(dims);
  }
}
