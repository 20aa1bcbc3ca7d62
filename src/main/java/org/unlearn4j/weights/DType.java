package org.unlearn4j.weights;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * Number formats of stored tensors, and their conversion to and from float32. Weights have one of
 * the first three; what training keeps from step to step may be codes.
 */
public enum DType {
  F32("F32", 4, "float32"),
  F16("F16", 2, "float16"),
  BF16("BF16", 2, "bfloat16"),
  /** Codes: the integers from 0 to 255. */
  U8("U8", 1, "uint8");

  /** Those of weights. */
  static final Set<DType> OF_WEIGHTS = Set.of(F32, F16, BF16);

  /** Those of a training run's state. */
  static final Set<DType> OF_STATE = Set.of(values());

  private static final int LARGEST_CODE = 255;

  private final String code;
  private final int bytes;
  private final String torchName;

  DType(String code, int bytes, String torchName) {
    this.code = code;
    this.bytes = bytes;
    this.torchName = torchName;
  }

  /** The name in a safetensors header. */
  public String code() {
    return code;
  }

  /** The format of that name, if it is one of these. */
  static Optional<DType> of(String code, Set<DType> allowed) {
    return Arrays.stream(values())
        .filter(d -> d.code.equals(code) && allowed.contains(d))
        .findFirst();
  }

  /** The names of those of weights, for messages. */
  static String known() {
    return "F32, F16 or BF16";
  }

  /** Bytes a value. */
  public int bytes() {
    return bytes;
  }

  /** The name in a {@code config.json} ({@code dtype} or {@code torch_dtype}). */
  public String torchName() {
    return torchName;
  }

  /** Widens all of {@code from} (little-endian) into {@code to}; exact. */
  void decode(ByteBuffer from, FloatBuffer to) {
    if (this == F32) {
      to.put(from.asFloatBuffer());
      return;
    }
    if (this == U8) {
      while (from.hasRemaining()) {
        to.put(Byte.toUnsignedInt(from.get()));
      }
      return;
    }
    ShortBuffer halves = from.asShortBuffer();
    int n = halves.remaining();
    float[] block = new float[Math.min(n, 1 << 14)];
    for (int done = 0; done < n; done += block.length) {
      int count = Math.min(block.length, n - done);
      for (int i = 0; i < count; i++) {
        short bits = halves.get();
        block[i] = this == F16 ? halfToFloat(bits) : Float.intBitsToFloat(bits << 16);
      }
      to.put(block, 0, count);
    }
  }

  /**
   * Narrows all of {@code from} into {@code to} (little-endian), to nearest, ties to even.
   *
   * @throws ArithmeticException if a finite number is beyond the largest of this format, or no code
   */
  public void encode(FloatBuffer from, ByteBuffer to) {
    while (from.hasRemaining()) {
      float x = from.get();
      switch (this) {
        case F32 -> to.putFloat(x);
        case F16 -> to.putShort(within(x, floatToHalf(x), 0x7c00));
        case BF16 -> to.putShort(within(x, floatToBrain(x), 0x7f80));
        case U8 -> to.put(code(x));
      }
    }
  }

  private static byte code(float x) {
    if (!(x >= 0 && x <= LARGEST_CODE) || x != (int) x) {
      throw new ArithmeticException(x + ", which is no integer from 0 to " + LARGEST_CODE);
    }
    return (byte) (int) x;
  }

  private short within(float x, short narrow, int infinity) {
    if ((narrow & 0x7fff) == infinity && Float.isFinite(x)) {
      throw new ArithmeticException(x + ", which is beyond " + torchName);
    }
    return narrow;
  }

  /** IEEE 754 binary16 to binary32, subnormals and infinities included. */
  public static float halfToFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >>> 10) & 0x1f;
    int fraction = half & 0x3ff;
    if (exponent == 0x1f) {
      return Float.intBitsToFloat(sign | 0x7f800000 | (fraction << 13));
    }
    if (exponent == 0) {
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (fraction << 13));
  }

  /** binary32 to binary16, to nearest, ties to even; what is too large becomes infinite. */
  public static short floatToHalf(float x) {
    int bits = Float.floatToRawIntBits(x);
    int sign = (bits >>> 16) & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      return (short) (sign | 0x7e00);
    }
    if (magnitude >= 0x47800000) {
      return (short) (sign | 0x7c00);
    }
    if (magnitude < 0x38800000) {
      // Subnormal: the float adder rounds to a multiple of 2^-24 for us, ties to even.
      float shifted = Float.intBitsToFloat(magnitude) + 0.5f;
      return (short) (sign | (Float.floatToRawIntBits(shifted) - 0x3f000000));
    }
    int rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return (short) (sign | ((rounded - 0x38000000) >>> 13));
  }

  private static short floatToBrain(float x) {
    int bits = Float.floatToRawIntBits(x);
    if (Float.isNaN(x)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
