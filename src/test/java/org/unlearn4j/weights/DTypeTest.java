package org.unlearn4j.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Number formats against their definitions, every bit pattern of the small ones. */
class DTypeTest {
  private static final int HALF_INFINITY = 0x7c00;
  private static final int BRAIN_INFINITY = 0x7f80;

  /** (-1)^s 2^(e-15) (1 + f/1024); with e = 0, (-1)^s 2^-14 f/1024. */
  private static double halfByDefinition(int bits) {
    double sign = (bits & 0x8000) == 0 ? 1 : -1;
    int e = (bits >> 10) & 0x1f;
    double f = (bits & 0x3ff) / 1024.0;
    return sign * (e == 0 ? f * 0x1p-14 : (1 + f) * Math.pow(2, e - 15));
  }

  @Test
  void everyHalfHasItsValue() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      int magnitude = bits & 0x7fff;
      float x = DType.halfToFloat((short) bits);
      if (magnitude > HALF_INFINITY) {
        assertTrue(Float.isNaN(x), "0x" + Integer.toHexString(bits));
      } else if (magnitude == HALF_INFINITY) {
        assertEquals(bits > 0x7fff ? Float.NEGATIVE_INFINITY : Float.POSITIVE_INFINITY, x);
      } else {
        // Compared as bits, so that -0 is not 0.
        double expected = halfByDefinition(bits);
        assertEquals(
            Double.doubleToRawLongBits(expected),
            Double.doubleToRawLongBits(x),
            () -> "0x" + Integer.toHexString(magnitude) + ": " + x + ", expected " + expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void everyPatternSurvivesTheWayThroughFloat(DType type) {
    int infinity = type == DType.F16 ? HALF_INFINITY : BRAIN_INFINITY;
    short[] back = narrow(type, widen(type));
    for (int bits = 0; bits < 1 << 16; bits++) {
      int found = back[bits] & 0xffff;
      if ((bits & 0x7fff) > infinity) {
        assertTrue((found & 0x7fff) > infinity, "NaN 0x" + Integer.toHexString(bits));
      } else {
        assertEquals(bits, found, "0x" + Integer.toHexString(bits));
      }
    }
  }

  /**
   * Between two neighbours a < b lies one midpoint. It goes to the even one; the floats just beside
   * it go to the nearer one. The last pair is the largest finite number and what would come next,
   * which would be infinity: it is refused.
   */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void roundsToNearestTiesToEven(DType type) {
    int infinity = type == DType.F16 ? HALF_INFINITY : BRAIN_INFINITY;
    float[] values = widen(type);
    float[] middles = new float[infinity];
    for (int bits = 0; bits < infinity; bits++) {
      double next = bits + 1 < infinity ? values[bits + 1] : 2.0 * values[bits] - values[bits - 1];
      middles[bits] = (float) ((values[bits] + next) / 2); // exact: one more bit of fraction
    }
    for (int sign : new int[] {0, 0x8000}) {
      float factor = sign == 0 ? 1 : -1;
      for (int bits = 0; bits < infinity; bits++) {
        float m = middles[bits];
        int even = (bits & 1) == 0 ? bits : bits + 1;
        String what = type + " between 0x" + Integer.toHexString(bits) + " and its neighbour";
        assertRounded(sign, even, infinity, type, factor * m, what);
        assertEquals(sign | bits, one(type, factor * Math.nextDown(m)), what);
        assertRounded(sign, bits + 1, infinity, type, factor * Math.nextUp(m), what);
      }
    }
  }

  private static void assertRounded(
      int sign, int bits, int infinity, DType type, float x, String what) {
    if (bits == infinity) {
      assertThrows(ArithmeticException.class, () -> one(type, x), what);
    } else {
      assertEquals(sign | bits, one(type, x), what);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "65504, 7bff", // the largest half
    "65519.996, 7bff",
    "65520, 7c00", // half way to 65536, which would be even
    "1e30, 7c00",
    "5.9604645e-8, 0001", // 2^-24, the smallest half
    "2.9802322e-8, 0000", // 2^-25: a tie, to even
    "2.9802326e-8, 0001",
    "1e-40, 0000", // a subnormal float
    "6.097555e-5, 03ff", // the largest subnormal half
    "6.1035156e-5, 0400"
  })
  void edgesOfHalf(float x, String bits) {
    int expected = Integer.parseInt(bits, 16);
    assertRounded(0, expected, HALF_INFINITY, DType.F16, x, bits);
    assertRounded(0x8000, expected, HALF_INFINITY, DType.F16, -x, bits);
  }

  @Test
  void whatIsNoNumberStaysSo() {
    // Signalling and quiet ones, payload in the lowest bits only: cutting those off would give
    // infinity.
    for (int bits : new int[] {0x7f800001, 0x7fc00000, 0xffbfffff, 0x7f80ffff}) {
      float nan = Float.intBitsToFloat(bits);
      assertTrue((one(DType.F16, nan) & 0x7fff) > HALF_INFINITY);
      assertTrue((one(DType.BF16, nan) & 0x7fff) > BRAIN_INFINITY);
    }
    assertEquals(HALF_INFINITY, one(DType.F16, Float.POSITIVE_INFINITY));
    assertEquals(0x8000 | BRAIN_INFINITY, one(DType.BF16, Float.NEGATIVE_INFINITY));
    assertThrows(ArithmeticException.class, () -> one(DType.BF16, Float.MAX_VALUE));
  }

  /** All 65536 patterns as floats, by the code that reads files. */
  private static float[] widen(DType type) {
    ByteBuffer bytes = ByteBuffer.allocate(2 << 16).order(ByteOrder.LITTLE_ENDIAN);
    for (int bits = 0; bits < 1 << 16; bits++) {
      bytes.putShort((short) bits);
    }
    FloatBuffer floats = FloatBuffer.allocate(1 << 16);
    type.decode(bytes.flip(), floats);
    assertEquals(0, floats.remaining());
    return floats.array();
  }

  private static short[] narrow(DType type, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    type.encode(FloatBuffer.wrap(values), bytes);
    short[] result = new short[values.length];
    bytes.flip().asShortBuffer().get(result);
    return result;
  }

  private static int one(DType type, float x) {
    return narrow(type, new float[] {x})[0] & 0xffff;
  }
}
