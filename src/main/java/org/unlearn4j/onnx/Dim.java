package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorShapeProto;

/**
 * One axis of a value: a number, or a name for what is known only at run time.
 *
 * @param symbol the name, or null
 * @param size the number; -1 where there is a name
 */
record Dim(String symbol, long size) {
  static final Dim BATCH = named("batch_size");
  static final Dim TIME = named("sequence_length");
  static final Dim PAST = named("past_sequence_length");
  static final Dim TOTAL = named("total_sequence_length");

  /** Batch times time: activations are kept flat between attention layers. */
  static final Dim TOKENS = named("tokens");

  static Dim of(long size) {
    if (size < 0) {
      throw new IllegalArgumentException("an axis of size " + size);
    }
    return new Dim(null, size);
  }

  static Dim named(String symbol) {
    return new Dim(symbol, -1);
  }

  TensorShapeProto.Dimension proto() {
    TensorShapeProto.Dimension.Builder dim = TensorShapeProto.Dimension.newBuilder();
    return symbol == null ? dim.setDimValue(size).build() : dim.setDimParam(symbol).build();
  }

  @Override
  public String toString() {
    return symbol == null ? Long.toString(size) : symbol;
  }
}
