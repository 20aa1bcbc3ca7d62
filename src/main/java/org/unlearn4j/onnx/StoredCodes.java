package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.ByteBuffer;

/**
 * A weight in codes: {@code (code - zero point) * scale}, all arithmetic float32 as runtimes have
 * it.
 *
 * @param codes packed low bits first, rows one after the other
 * @param rowCodes codes a row takes, padding included
 * @param bits of a code: 2, 4, 8 or 32
 * @param signed whether codes are
 * @param scales one for each cell of {@code grid}
 * @param zeros as many zero points; null for {@code zero} everywhere
 * @param zeroBits bits of a zero point, each row of the grid beginning with a byte of its own; 0
 *     where zero points are floats
 */
record StoredCodes(
    TensorProto codes,
    int rows,
    int columns,
    int rowCodes,
    int bits,
    boolean signed,
    TensorProto scales,
    TensorProto zeros,
    int zeroBits,
    float zero,
    Grid grid,
    boolean gathered)
    implements StoredWeight {

  /**
   * Which values share a scale.
   *
   * @param rows of the weight that a row of the grid holds
   * @param columns of the weight that a column of the grid holds
   * @param width columns of the grid
   */
  record Grid(int rows, int columns, int width) {
    int cell(int row, int column) {
      return row / rows * width + column / columns;
    }
  }

  @Override
  public String name() {
    return codes.getName();
  }

  @Override
  public boolean coded() {
    return true;
  }

  @Override
  public Rows open(TensorReader reader) {
    float[] scale = new float[Math.toIntExact(TensorReader.size(scales))];
    reader.floats(scales, 0, scale, scale.length);
    float[] zeroPoints = zeros == null ? null : zeroPoints(reader, scale.length);
    int lowest = signed ? -1 << (bits - 1) : 0;
    int highest = signed ? -lowest - 1 : (1 << bits) - 1;
    return (first, count, strip) -> {
      long from = (long) first * rowCodes * bits / 8;
      long to = ((long) (first + count) * rowCodes * bits + 7) / 8;
      ByteBuffer packed = reader.bytes(codes, from, Math.toIntExact(to - from));
      int at = 0;
      for (int r = first; r < first + count; r++) {
        long bit = (long) r * rowCodes * bits - from * 8;
        for (int c = 0; c < columns; c++, bit += bits, at++) {
          int code = code(packed, bit);
          int cell = grid.cell(r, c);
          float s = scale[cell];
          strip.values[at] = (code - (zeroPoints == null ? zero : zeroPoints[cell])) * s;
          strip.steps[at] = Math.abs(s);
          int end = code == lowest ? -1 : code == highest ? 1 : 0;
          strip.ends[at] = (byte) (s < 0 ? -end : end);
        }
      }
    };
  }

  private int code(ByteBuffer packed, long bit) {
    if (bits == Integer.SIZE) {
      return packed.getInt((int) (bit >> 3)); // a bias beside products of integers
    }
    return code(packed.get((int) (bit >> 3)) >> (bit & 7), bits, signed);
  }

  private static int code(int shifted, int bits, boolean signed) {
    int code = shifted & ((1 << bits) - 1);
    return signed && code >= 1 << (bits - 1) ? code - (1 << bits) : code;
  }

  private float[] zeroPoints(TensorReader reader, int cells) {
    float[] points = new float[cells];
    if (zeroBits == 0) {
      reader.floats(zeros, 0, points, cells);
      return points;
    }
    boolean packedRows = zeroBits < 8 && TensorReader.bits(zeros) == 8;
    int width = packedRows ? grid.width() : cells;
    int rowBytes = (width * zeroBits + 7) / 8;
    ByteBuffer packed = reader.bytes(zeros, 0, rowBytes * (cells / width));
    for (int i = 0; i < cells; i++) {
      int bit = i % width * zeroBits;
      points[i] = code(packed.get(i / width * rowBytes + bit / 8) >> (bit & 7), zeroBits, signed);
    }
    return points;
  }
}
