package org.unlearn4j.tf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.weights.DType;

/** How values of a number format lie in a variable. */
final class StoredForm {
  private StoredForm() {}

  /** TensorFlow's type of a format. */
  static Class<? extends TNumber> type(DType format) {
    return switch (format) {
      case F32 -> TFloat32.class;
      case F16 -> TFloat16.class;
      case BF16 -> TBfloat16.class;
      case U8 -> TUint8.class;
    };
  }

  /** Exact for values that came from this format. */
  static ByteBuffer narrow(DType format, float[] piece, int n) {
    ByteBuffer bytes = ByteBuffer.allocate(n * format.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    format.encode(FloatBuffer.wrap(piece, 0, n), bytes);
    return bytes.flip();
  }

  /**
   * Values of a parameter as a tensor, read piece by piece.
   *
   * @param shape of the tensor: so many values are read
   * @param first index of the first among the parameter's flattened values
   * @param piece room for the values of a piece
   * @return to be closed by the caller
   */
  static Tensor filled(
      DType format, Shape shape, Parameter p, long first, WeightSource source, float[] piece) {
    Tensor value = Tensor.of(type(format), shape);
    try {
      for (long at = 0; at < shape.size(); at += piece.length) {
        int n = (int) Math.min(piece.length, shape.size() - at);
        source.read(p, first + at, FloatBuffer.wrap(piece, 0, n));
        if (format == DType.F32) {
          value.asRawTensor().data().asFloats().offset(at).write(piece, 0, n);
        } else if (format == DType.U8) {
          value.asRawTensor().data().offset(at).write(narrow(format, piece, n).array());
        } else {
          short[] halves = new short[n];
          narrow(format, piece, n).asShortBuffer().get(halves);
          value.asRawTensor().data().asShorts().offset(at).write(halves);
        }
      }
      return value;
    } catch (RuntimeException e) {
      value.close();
      throw e;
    }
  }
}
