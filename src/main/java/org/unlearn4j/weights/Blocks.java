package org.unlearn4j.weights;

import java.util.Arrays;
import java.util.Set;

/**
 * Codes of 4 or 8 bits, one scale for a block of inputs of an output channel; the form of
 * com.microsoft.MatMulNBits. A last block that is not full is padded with what stands for 0.
 *
 * <p>Symmetric: {@code scale = m / -2^(bits-1)} with the value m of largest magnitude (the first of
 * several), sign kept, so that m itself is met by the lowest code. Asymmetric: the range from the
 * least to the largest value, widened to hold 0, is cut into {@code 2^bits - 1} steps, and the zero
 * point is the code nearest to 0. Then {@code code = rint(w / scale) + zero}, ties to even,
 * clamped.
 *
 * <p>With {@link ScaleChoice#LEAST_ERROR} the same is done for ranges that are a little smaller or
 * larger. To each one's codes belongs the scale of least squares, {@code sum(w c) / sum(c c)}, by
 * which the weights are rounded once more; the scale whose values have the least squared distance
 * to the weights is kept. That of the range itself is among them, so no block is worse than
 * without.
 *
 * @param bits 4 or 8
 * @param size values that share a scale, one of {@link #SIZES}
 * @param half whether scales are rounded to float16 before codes are; what is not 0 stays so
 */
public record Blocks(int bits, int size, boolean symmetric, ScaleChoice choice, boolean half)
    implements RowQuantizer {
  /** Sizes that runtimes know. */
  public static final Set<Integer> SIZES = Set.of(16, 32, 64, 128, 256);

  /** Ranges tried on either side of the block's own. */
  private static final int TRIES = 9;

  /** The least float16 above 0. */
  private static final float LEAST_HALF = 0x1p-24f;

  public Blocks {
    if ((bits != 4 && bits != 8) || !SIZES.contains(size)) {
      throw new IllegalArgumentException("blocks of " + size + " in " + bits + " bits");
    }
  }

  /** Symmetric, rounded to the nearest code. */
  public static Blocks of(int bits, int size) {
    return new Blocks(bits, size, true, ScaleChoice.ROUND_TO_NEAREST, false);
  }

  @Override
  public int codes(int width) {
    return scales(width) * size;
  }

  @Override
  public int scales(int width) {
    return (width + size - 1) / size;
  }

  @Override
  public int zeros(int width) {
    return symmetric ? 0 : scales(width);
  }

  private int lowest() {
    return -(1 << (bits - 1));
  }

  private int highest() {
    return (1 << (bits - 1)) - 1;
  }

  @Override
  public void quantize(float[] values, int from, QuantizedRows to, int row) {
    int width = to.width();
    int blocks = scales(width);
    for (int b = 0; b < blocks; b++) {
      int first = from + b * size;
      int n = Math.min(size, from + width - first);
      Step step = step(values, first, n);
      int at = row * blocks + b;
      to.scales()[at] = step.scale;
      if (!symmetric) {
        to.zeros()[at] = (byte) step.zero;
      }
      Arrays.fill(to.codes(), at * size, (at + 1) * size, (byte) step.zero);
      for (int i = 0; i < n && step.scale != 0; i++) {
        to.codes()[at * size + i] = (byte) step.code(values[first + i]);
      }
    }
  }

  /** A scale and the code that stands for 0. */
  private final class Step {
    private final float scale;
    private final int zero;

    Step(float scale, int zero) {
      this.scale = half ? stored(scale) : scale;
      this.zero = zero;
    }

    int code(float value) {
      // Clamped before it is rounded: a subnormal scale can carry a quotient far away.
      float steps = Math.max(-512, Math.min(512, value / scale));
      return Math.max(lowest(), Math.min(highest(), (int) Rounding.rint(steps) + zero));
    }

    /** Squared distance of the weights from what their codes stand for. */
    double error(float[] values, int first, int n) {
      double sum = 0;
      for (int i = first; i < first + n; i++) {
        double off = (double) values[i] - (code(values[i]) - zero) * scale;
        sum += off * off;
      }
      return sum;
    }

    /** The scale that suits the codes of this one best. */
    Step fitted(float[] values, int first, int n) {
      double product = 0;
      double square = 0;
      for (int i = first; i < first + n; i++) {
        int c = code(values[i]) - zero;
        product += (double) values[i] * c;
        square += c * c;
      }
      return new Step(square == 0 ? 0 : (float) (product / square), zero);
    }
  }

  private static float stored(float scale) {
    float near = DType.halfToFloat(DType.floatToHalf(scale));
    if (Math.abs(near) == Float.POSITIVE_INFINITY) {
      throw new ArithmeticException("a scale beyond float16 (" + scale + ")");
    }
    return near == 0 && scale != 0 ? Math.copySign(LEAST_HALF, scale) : near;
  }

  private Step step(float[] values, int first, int n) {
    float least = 0;
    float most = 0;
    float size = 0;
    float signed = 0;
    for (int i = first; i < first + n; i++) {
      float v = values[i];
      size = Math.max(size, Math.abs(v)); // NaN stays
      least = Math.min(least, v);
      most = Math.max(most, v);
      signed = Math.abs(v) > Math.abs(signed) ? v : signed;
    }
    Rounding.requireFinite(size);
    Step best = symmetric ? ofLargest(signed, lowest()) : ofRange(least, most, levels());
    if (choice == ScaleChoice.ROUND_TO_NEAREST || best.scale == 0) {
      return best;
    }
    double error = best.error(values, first, n);
    for (int i = -TRIES; i <= TRIES; i++) {
      double part = i / 10.0;
      Step tried =
          symmetric
              ? ofLargest(signed, (float) (lowest() + part))
              : ofRange(least, most, (float) (levels() + part));
      Step fitted = tried.fitted(values, first, n);
      double own = fitted.scale == 0 ? Double.MAX_VALUE : fitted.error(values, first, n);
      if (own < error) {
        best = fitted;
        error = own;
      }
    }
    return best;
  }

  private float levels() {
    return (1 << bits) - 1;
  }

  private Step ofLargest(float signed, float code) {
    return new Step(signed == 0 ? 0 : signed / code, 0);
  }

  private Step ofRange(float least, float most, float levels) {
    float scale = most / levels - least / levels; // their difference may be beyond float32
    if (scale == 0) {
      return new Step(0, 0);
    }
    int zero = lowest() + (int) Rounding.rint(Math.min(levels, -least / scale));
    return new Step(scale, Math.max(lowest(), Math.min(highest(), zero)));
  }

  @Override
  public void dequantize(QuantizedRows from, int row, float[] values, int to) {
    int width = from.width();
    int codesAt = row * codes(width);
    int scalesAt = row * scales(width);
    for (int i = 0; i < width; i++) {
      int cell = scalesAt + i / size;
      int zero = symmetric ? 0 : from.zeros()[cell];
      values[to + i] = (from.codes()[codesAt + i] - zero) * from.scales()[cell];
    }
  }

  /**
   * Puts codes of 4 bits in pairs, {@code code + 8} as an unsigned nibble, the first of a pair low;
   * the last of an odd number has none above it.
   */
  public static void pack(byte[] codes, int from, int n, byte[] packed, int to) {
    for (int i = 0; i < n; i += 2) {
      int low = codes[from + i] + 8;
      int high = i + 1 < n ? codes[from + i + 1] + 8 : 0;
      packed[to + i / 2] = (byte) (low | high << 4);
    }
  }

  /** The codes that {@link #pack} has put in pairs. */
  public static void unpack(byte[] packed, int from, byte[] codes, int to, int n) {
    for (int i = 0; i < n; i++) {
      codes[to + i] = (byte) ((packed[from + i / 2] >> (i % 2 * 4) & 0xf) - 8);
    }
  }
}
