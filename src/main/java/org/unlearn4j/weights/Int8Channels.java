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
  public int bits() {
    return 8;
  }

  @Override
  public void quantize(float[] values, int from, QuantizedRows to, int row) {
    int width = to.width();
    int codesAt = row * width;
    float most = 0;
    for (int i = from; i < from + width; i++) {
      most = Math.max(most, Math.abs(values[i])); // NaN stays
    }
    Rounding.requireFinite(most);
    float scale = most / LARGEST;
    to.scales()[row] = scale;
    if (scale == 0) {
      Arrays.fill(to.codes(), codesAt, codesAt + width, (byte) 0);
      return;
    }
    byte[] codes = to.codes();
    for (int i = 0; i < width; i++) {
      // Where the scale is subnormal, its own rounding can carry a quotient past the largest code.
      float code = Rounding.rint(Math.max(-LARGEST, Math.min(LARGEST, values[from + i] / scale)));
      codes[codesAt + i] = (byte) code;
    }
  }

  @Override
  public void dequantize(QuantizedRows from, int row, float[] values, int to) {
    int codesAt = row * from.width();
    float scale = from.scales()[row];
    for (int i = 0; i < from.width(); i++) {
      values[to + i] = from.codes()[codesAt + i] * scale;
    }
  }
}
