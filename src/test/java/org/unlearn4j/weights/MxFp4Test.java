package org.unlearn4j.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;

/** Numbers of MXFP4, derived by hand from the format's fields. */
class MxFp4Test {

  /**
   * Sign, two bits of exponent with bias 1, one bit of fraction: without exponent {@code f / 2},
   * else {@code (1 + f / 2) 2^(e - 1)}.
   */
  @Test
  void allSixteenCodes() {
    float[] due = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};
    for (int code = 0; code < 16; code++) {
      int e = code >> 1 & 3;
      double f = (code & 1) / 2.0;
      double magnitude = e == 0 ? f : (1 + f) * Math.pow(2, e - 1);
      assertEquals((float) (code < 8 ? magnitude : -magnitude), due[code], "derivation of " + code);
      assertEquals(due[code], MxFp4.number(code), "code " + code);
    }
  }

  @Test
  void scalesArePowersOfTwo() {
    assertEquals(1.5f, MxFp4.scaled(1.5f, 127));
    assertEquals(3f, MxFp4.scaled(1.5f, 128));
    assertEquals(-0.75f, MxFp4.scaled(-1.5f, 126));
    assertEquals(6 * 0x1p-10f, MxFp4.scaled(6, 117));
    assertEquals(0x1p127f, MxFp4.scaled(1, 254));
    assertEquals(
        0x1p-128f, MxFp4.scaled(0.5f, 0), "below the normal numbers of float32, but exact");
    assertTrue(Float.isNaN(MxFp4.scaled(1, 255)), "255 stands for no number");
  }

  /** The lower four bits come first: 0x2c is -2 (code 12), then 1 (code 2). */
  @Test
  void aByteHoldsTwoCodesAndABlockSixteenBytes() {
    float[] codes = new float[2 * MxFp4.BYTES];
    codes[0] = 0x2c;
    codes[MxFp4.BYTES - 1] = 0x70; // 0, then 6
    codes[MxFp4.BYTES] = 0x0f; // -6 of the second block
    float[] values = MxFp4.unpack(codes, new float[] {128, 125});
    float[] due = new float[2 * MxFp4.BLOCK];
    due[0] = -4;
    due[1] = 2;
    due[31] = 12;
    due[32] = -1.5f;
    assertArrayEquals(due, values);
  }

  /** Whatever is unpacked is a bfloat16 as well, but for numbers beyond its largest. */
  @Test
  void writingInBfloat16LosesNothing() {
    for (int scale = 0; scale <= 252; scale++) {
      for (int code = 0; code < 16; code++) {
        float x = MxFp4.scaled(MxFp4.number(code), scale);
        ByteBuffer bytes = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
        DType.BF16.encode(FloatBuffer.wrap(new float[] {x}), bytes);
        FloatBuffer back = FloatBuffer.allocate(1);
        DType.BF16.decode(bytes.flip().order(ByteOrder.LITTLE_ENDIAN), back);
        assertEquals(x, back.get(0), "scale " + scale + ", code " + code);
      }
    }
  }
}
