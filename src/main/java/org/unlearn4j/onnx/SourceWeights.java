package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.weights.Blocks;
import org.unlearn4j.weights.DType;
import org.unlearn4j.weights.QuantizedRows;
import org.unlearn4j.weights.RowQuantizer;
import org.unlearn4j.weights.SafeTensors;

/**
 * The bytes of a graph's large initializers, little-endian, from a checkpoint or computed, in
 * pieces: of a tensor there is never more in memory than a strip, and its scales.
 */
final class SourceWeights {
  /** Values handed out at a time. */
  private static final int PIECE = 1 << 18;

  private final SafeTensors weights;
  private final Map<String, float[]> scales = new HashMap<>();
  private final Map<String, byte[]> zeros = new HashMap<>();

  /**
   * Holds the checkpoint against what the graph needs.
   *
   * @throws UserException naming every weight that is missing or of another shape
   */
  SourceWeights(SafeTensors weights, List<Initializer> needed) {
    this.weights = weights;
    require(weights, needed);
  }

  /** The same for a checkpoint that is only to be compared. */
  static void require(SafeTensors weights, List<Initializer> needed) {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    for (Initializer i : needed) {
      if (i.parameter() != null) {
        shapes.put(i.parameter().name(), i.parameter().shape());
      }
    }
    weights.require(shapes);
  }

  /** Takes bytes, and may fail as files do. */
  @FunctionalInterface
  interface Pieces {
    void accept(ByteBuffer piece) throws IOException;
  }

  /**
   * Hands out the bytes of an initializer, piece by piece, in their order.
   *
   * @throws UserException if a weight is beyond the number format
   */
  void bytes(Initializer i, Pieces pieces) throws IOException {
    if (i.content() instanceof Initializer.Codes c) {
      codes(i, c, pieces);
    } else if (i.content() instanceof Initializer.Scales s) {
      floats(i, 0, FloatBuffer.wrap(left(scales, s.linear())), pieces);
    } else if (i.content() instanceof Initializer.Zeros z) {
      pieces.accept(ByteBuffer.wrap(left(zeros, z.linear())));
    } else {
      floats(i, pieces);
    }
  }

  private void floats(Initializer i, Pieces pieces) throws IOException {
    FloatBuffer piece = FloatBuffer.allocate((int) Math.min(PIECE, i.size()));
    for (long from = 0; from < i.size(); from += PIECE) {
      piece.clear().limit((int) Math.min(PIECE, i.size() - from));
      if (i.content() instanceof Initializer.Table t) {
        piece.put(t.values(), (int) from, piece.limit());
      } else {
        weights.read(i.name(), from, piece);
      }
      floats(i, from, piece.flip(), pieces);
    }
  }

  private void floats(Initializer i, long from, FloatBuffer values, Pieces pieces)
      throws IOException {
    boolean half = i.type() == DataType.FLOAT16;
    ByteBuffer bytes =
        ByteBuffer.allocate(values.remaining() * (half ? Short.BYTES : Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    if (half) {
      for (int v = 0; v < values.limit(); v++) {
        bytes.putShort(half(weights, i.name(), from + v, values.get(v)));
      }
      bytes.flip();
    } else {
      bytes.asFloatBuffer().put(values);
    }
    pieces.accept(bytes);
  }

  /**
   * A weight in float16.
   *
   * @param at its place in the tensor, for messages
   * @throws UserException if it is beyond the format
   */
  static short half(SafeTensors weights, String tensor, long at, float value) {
    short half = DType.floatToHalf(value);
    if (!Float.isFinite(DType.halfToFloat(half))) {
      throw UserException.at(
          weights.source(),
          "tensor " + tensor + ", value " + at,
          String.valueOf(value),
          "what float16 can hold, at most 65504 in size");
    }
    return half;
  }

  private void codes(Initializer i, Initializer.Codes c, Pieces pieces) throws IOException {
    Linear l = c.linear();
    RowQuantizer q = c.quantizer();
    int perRow = q.codes(l.in());
    MatrixRows rows = new MatrixRows(weights, l);
    QuantizedRows strip = new QuantizedRows(q, l.in(), rows.strip());
    byte[] codes = strip.codes();
    byte[] packed = new byte[q.bits() == 4 ? codes.length / 2 : 0];
    float[] all = new float[l.out() * q.scales(l.in())];
    int zeroBytes = Initializer.zeroBytes(l, q);
    byte[] points = new byte[l.out() * zeroBytes];
    rows.forEach(
        (values, first, count) -> {
          rows.quantize(q, first, count, strip, 0);
          int each = q.scales(l.in());
          System.arraycopy(strip.scales(), 0, all, first * each, count * each);
          for (int r = 0; r < count && zeroBytes > 0; r++) {
            zeroPoints(q, strip.zeros(), r * each, each, points, (first + r) * zeroBytes);
          }
          int n = count * perRow;
          if (packed.length > 0) {
            Blocks.pack(codes, 0, n, packed, 0);
            pieces.accept(ByteBuffer.wrap(packed, 0, n / 2));
          } else {
            shift(codes, n, i.type() == DataType.UINT8 ? LinearMaps.ZERO_POINT : 0);
            pieces.accept(ByteBuffer.wrap(codes, 0, n));
          }
        });
    scales.put(l.weight().name(), all);
    zeros.put(l.weight().name(), points);
  }

  private static void zeroPoints(
      RowQuantizer q, byte[] zeros, int from, int n, byte[] packed, int to) {
    if (q.bits() == 4) {
      Blocks.pack(zeros, from, n, packed, to);
      return;
    }
    for (int k = 0; k < n; k++) {
      packed[to + k] = (byte) (zeros[from + k] + LinearMaps.ZERO_POINT);
    }
  }

  private static void shift(byte[] codes, int n, int by) {
    for (int k = 0; k < n && by != 0; k++) {
      codes[k] = (byte) (codes[k] + by);
    }
  }

  /** What quantising the codes has left, once; it follows the codes in every graph. */
  private static <T> T left(Map<String, T> by, Linear linear) {
    T known = by.remove(linear.weight().name());
    if (known == null) {
      throw new IllegalStateException(linear.weight().name() + ": scales before codes");
    }
    return known;
  }
}
