package org.unlearn4j.tf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;
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
}
