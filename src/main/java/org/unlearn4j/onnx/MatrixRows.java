package org.unlearn4j.onnx;

import java.io.IOException;
import java.nio.FloatBuffer;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.weights.QuantizedRows;
import org.unlearn4j.weights.RowQuantizer;
import org.unlearn4j.weights.SafeTensors;

/**
 * The weight of a linear map as rows {@code [out, in]}, a strip of rows at a time, whatever the
 * layout of the checkpoint.
 */
final class MatrixRows {
  /** Values of a strip, unless one row has more. */
  private static final int STRIP = 1 << 20;

  private final SafeTensors weights;
  private final Linear linear;
  private final float[] values;
  private final float[] columns;

  MatrixRows(SafeTensors weights, Linear linear) {
    this.weights = weights;
    this.linear = linear;
    this.values = new float[strip() * linear.in()];
    this.columns = new float[linear.inOut() ? strip() : 0];
  }

  /** Takes {@code count} rows from {@code first} on, and may fail as files do. */
  @FunctionalInterface
  interface Strips {
    void accept(float[] values, int first, int count) throws IOException;
  }

  void forEach(Strips strips) throws IOException {
    for (int first = 0; first < linear.out(); first += strip()) {
      int count = Math.min(strip(), linear.out() - first);
      strips.accept(read(first, count), first, count);
    }
  }

  /** Rows a strip. */
  int strip() {
    return Math.max(1, Math.min(linear.out(), STRIP / linear.in()));
  }

  /** The rows, in an array that the next call fills again. */
  float[] read(int first, int count) {
    int in = linear.in();
    String name = linear.weight().name();
    if (!linear.inOut()) {
      weights.read(name, (long) first * in, FloatBuffer.wrap(values, 0, count * in));
      return values;
    }
    for (int k = 0; k < in; k++) {
      long at = (long) k * linear.out() + first;
      weights.read(name, at, FloatBuffer.wrap(columns, 0, count));
      for (int n = 0; n < count; n++) {
        values[n * in + k] = columns[n];
      }
    }
    return values;
  }

  /**
   * Quantises the rows that {@link #read} has read last.
   *
   * @param first the index of the first of them
   * @param to takes them from row {@code at} on
   * @throws UserException if a weight is not finite
   */
  void quantize(RowQuantizer q, int first, int count, QuantizedRows to, int at) {
    for (int n = 0; n < count; n++) {
      try {
        q.quantize(values, n * linear.in(), to, at + n);
      } catch (ArithmeticException e) {
        throw UserException.at(
            weights.source(),
            "tensor " + linear.weight().name() + ", output " + (first + n),
            e.getMessage(),
            "weights that can be quantised");
      }
    }
  }
}
