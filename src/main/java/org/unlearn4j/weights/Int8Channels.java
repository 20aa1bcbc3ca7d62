package org.unlearn4j.weights;

import java.util.Arrays;

/**
 * int8, one scale an output channel: {@code scale = max |w| / 127}, {@code code = rint(w / scale)},
 * ties to even. Codes are -127 to 127; -128 is not used, so that the range is symmetric.
 */
public final class Int8Channels implements RowQuantizer {
  private static final float LARGEST = 127;

  @Override
  public int codes(int width) {
    return width;
  }

  @Override
  public int scales(int width) {
    return 1;
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
    float most = 0;
    for (int i = from; i < from + width; i++) {
      most = Math.max(most, Math.abs(values[i])); // NaN stays
    }
    Rounding.requireFinite(most);
    float scale = most / LARGEST;
    scales[scalesAt] = scale;
    if (scale == 0) {
      Arrays.fill(codes, codesAt, codesAt + width, (byte) 0);
      return;
    }
    for (int i = 0; i < width; i++) {
      // Where the scale is subnormal, its own rounding can carry a quotient past the largest code.
      float code = Rounding.rint(Math.max(-LARGEST, Math.min(LARGEST, values[from + i] / scale)));
      codes[codesAt + i] = (byte) code;
    }
  }

  @Override
  public void dequantize(
      byte[] codes, int codesAt, float[] scales, int scalesAt, float[] values, int to, int width) {
    for (int i = 0; i < width; i++) {
      values[to + i] = codes[codesAt + i] * scales[scalesAt];
    }
  }
}
