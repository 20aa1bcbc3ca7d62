package org.unlearn4j.weights;

/**
 * MXFP4: 32 numbers in four bits each that share a power of two. Every such number is a float32
 * and, with a scale within its exponents, a bfloat16, so that reading and writing in these is
 * exact.
 *
 * <p>Source: OCP Microscaling Formats 1.0, sections 5.3.3 (E2M1) and 5.4.1 (E8M0). Which of a
 * byte's two codes comes first, and where blocks lie, is the choice of the checkpoints:
 * transformers, {@code integrations/mxfp4.py}, {@code convert_moe_packed_tensors}, which takes the
 * lower four bits first and turns {@code [experts, out, in]} into {@code [experts, in, out]}.
 */
final class MxFp4 {
  /** Numbers that share a scale. */
  static final int BLOCK = 32;

  /** Bytes of a block's codes. */
  static final int BYTES = BLOCK / 2;

  private static final int BIAS = 127;
  private static final int NOT_A_NUMBER = 255;
  private static final float[] MAGNITUDES = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

  private MxFp4() {}

  /** The number of a code from 0 to 15: sign, two bits of exponent, one of fraction. */
  static float number(int code) {
    float magnitude = MAGNITUDES[code & 7];
    return (code & 8) == 0 ? magnitude : -magnitude;
  }

  /** {@code 2^(code - 127)} times a number; 255 stands for no number. */
  static float scaled(float number, int scale) {
    return scale == NOT_A_NUMBER ? Float.NaN : Math.scalb(number, scale - BIAS);
  }

  /**
   * Unpacks blocks that lie one behind another.
   *
   * @param codes {@link #BYTES} bytes a block, as numbers from 0 to 255
   * @param scales one a block, likewise
   */
  static float[] unpack(float[] codes, float[] scales) {
    float[] values = new float[2 * codes.length];
    for (int i = 0; i < codes.length; i++) {
      int both = (int) codes[i];
      int scale = (int) scales[i / BYTES];
      values[2 * i] = scaled(number(both & 15), scale);
      values[2 * i + 1] = scaled(number(both >> 4), scale);
    }
    return values;
  }
}
