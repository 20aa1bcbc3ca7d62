package org.unlearn4j.weights;

import java.util.Arrays;

/**
 * int4, one scale for {@value #BLOCK} inputs of an output channel: {@code scale = m / -8} with the
 * value m of largest magnitude (the first of several), sign kept, so that m itself is met by code
 * -8; {@code code = clamp(rint(w / scale), -8, 7)}, ties to even. A last block that is not full is
 * padded with zeros.
 *
 * <p>This is the symmetric form of com.microsoft.MatMulNBits, whose zero point is 8.
 */
public final class Int4Blocks implements RowQuantizer {
  /** Values that share a scale. */
  public static final int BLOCK = 32;

  private static final float LOWEST = -8;
  private static final float HIGHEST = 7;
  private static final int ZERO_POINT = 8;

  @Override
  public int codes(int width) {
    return scales(width) * BLOCK;
  }

  @Override
  public int scales(int width) {
    return (width + BLOCK - 1) / BLOCK;
  }

  @Override
  public void quantize(
      float[] values,
      int from,
      int width,
      byte[] codes,
      int codesAt,
      float[] scales,
      int scalesAt) {
    for (int b = 0; b < scales(width); b++) {
      int first = from + b * BLOCK;
      int n = Math.min(BLOCK, from + width - first);
      float scale = scale(values, first, n);
      scales[scalesAt + b] = scale;
      int at = codesAt + b * BLOCK;
      Arrays.fill(codes, at, at + BLOCK, (byte) 0);
      for (int i = 0; i < n && scale != 0; i++) {
        float code = Rounding.rint(values[first + i] / scale);
        codes[at + i] = (byte) Math.max(LOWEST, Math.min(HIGHEST, code));
      }
    }
  }

  private static float scale(float[] values, int first, int n) {
    float most = 0;
    for (int i = first; i < first + n; i++) {
      most = Math.max(most, Math.abs(values[i])); // NaN stays
    }
    Rounding.requireFinite(most);
    for (int i = first; i < first + n && most != 0; i++) {
      if (Math.abs(values[i]) == most) {
        return values[i] / LOWEST;
      }
    }
    return 0;
  }

  @Override
  public void dequantize(
      byte[] codes, int codesAt, float[] scales, int scalesAt, float[] values, int to, int width) {
    for (int i = 0; i < width; i++) {
      values[to + i] = codes[codesAt + i] * scales[scalesAt + i / BLOCK];
    }
  }

  /**
   * Puts codes in pairs, {@code code + 8} as an unsigned nibble, the first of a pair low.
   *
   * @param n number of codes, even
   */
  public static void pack(byte[] codes, int from, int n, byte[] packed, int to) {
    for (int i = 0; i < n / 2; i++) {
      int low = codes[from + 2 * i] + ZERO_POINT;
      int high = codes[from + 2 * i + 1] + ZERO_POINT;
      packed[to + i] = (byte) (low | high << 4);
    }
  }

  /** The codes that {@link #pack} has put in pairs. */
  public static void unpack(byte[] packed, int from, byte[] codes, int to, int n) {
    for (int i = 0; i < n / 2; i++) {
      codes[to + 2 * i] = (byte) ((packed[from + i] & 0xf) - ZERO_POINT);
      codes[to + 2 * i + 1] = (byte) ((packed[from + i] >> 4 & 0xf) - ZERO_POINT);
    }
  }
}
