package org.unlearn4j.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Codes and scales by their definitions, written down by hand. */
class RowQuantizerTest {
  private final RowQuantizer int8 = new Int8Channels();
  private final RowQuantizer int4 = Blocks.of(4, 32);

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Quantized(QuantizedRows rows, byte[] codes, float[] scales) {
    static Quantized of(RowQuantizer q, float... row) {
      QuantizedRows rows = new QuantizedRows(q, row.length, 1);
      q.quantize(row, 0, rows, 0);
      return new Quantized(rows, rows.codes(), rows.scales());
    }

    float[] values(RowQuantizer q, int width) {
      float[] values = new float[width];
      q.dequantize(rows, 0, values, 0);
      return values;
    }
  }

  /** The largest is 12.7, so the scale is 0.1 and the codes are ten times the values. */
  @Test
  void int8DividesByTheLargestMagnitudeOver127() {
    Quantized q = Quantized.of(int8, 1.0f, -12.7f, 0.04f, 0.06f, 3.33f);
    assertEquals(12.7f / 127, q.scales[0]);
    assertArrayEquals(new byte[] {10, -127, 0, 1, 33}, q.codes);
  }

  /** Scale 2 exactly: 1/2, 3/2 and 5/2 lie between two codes and go to the even one. */
  @Test
  void int8TiesGoToTheEvenCode() {
    Quantized q = Quantized.of(int8, 254, 1, 3, 5, -1, -3, -5);
    assertEquals(2f, q.scales[0]);
    assertArrayEquals(new byte[] {127, 0, 2, 2, 0, -2, -2}, q.codes);
    // The plausible mistake: half away from zero.
    assertNotEquals((byte) Math.round(0.5f), q.codes[1]);
  }

  /** m = 16 is met by code -8 and scale -2; -16 would need code 8 and is clamped to 7. */
  @Test
  void int4KeepsTheSignOfTheLargestMagnitudeInTheScale() {
    float[] row = new float[32];
    row[0] = 16;
    row[1] = -15.5f;
    row[2] = -14;
    row[3] = 3;
    row[4] = 5;
    row[5] = 1;
    Quantized q = Quantized.of(int4, row);
    assertArrayEquals(new float[] {-2}, q.scales);
    // -15.5 / -2 = 7.75 rounds to 8, clamped to 7; 3 / -2 = -1.5 and 5 / -2 = -2.5 tie to -2; 1 to
    // 0.
    assertArrayEquals(new byte[] {-8, 7, 7, -2, -2, 0, 0}, Arrays.copyOf(q.codes, 7));
    assertEquals(16f, q.values(int4, 32)[0], "the largest value itself is met exactly");
    // The plausible mistake, the magnitude without its sign, meets it with code 7 of scale 2.
    assertNotEquals(2f, q.scales[0]);
  }

  @Test
  void int4OfANegativeLargestValueHasAPositiveScale() {
    float[] row = new float[32];
    row[31] = -4;
    row[0] = 2;
    Quantized q = Quantized.of(int4, row);
    assertArrayEquals(new float[] {0.5f}, q.scales);
    assertEquals(4, q.codes[0]);
    assertEquals(-8, q.codes[31]);
  }

  @Test
  void int4TakesTheFirstOfSeveralLargestMagnitudes() {
    float[] row = new float[32];
    row[3] = 8;
    row[9] = -8;
    assertEquals(-1f, Quantized.of(int4, row).scales[0]);
    row[3] = -8;
    row[9] = 8;
    assertEquals(1f, Quantized.of(int4, row).scales[0]);
  }

  /** 36 inputs are a block of 32 and one of 4; what pads it must not count in the scale. */
  @Test
  void int4PadsTheLastBlockWithZeros() {
    float[] row = new float[36];
    Arrays.fill(row, 0, 32, -8);
    Arrays.fill(row, 32, 36, -0.8f);
    Quantized q = Quantized.of(int4, row);
    assertEquals(64, q.codes.length);
    assertArrayEquals(new float[] {1, 0.1f}, q.scales);
    for (int i = 0; i < 64; i++) {
      assertEquals(i < 36 ? -8 : 0, q.codes[i], "code " + i);
    }
    assertArrayEquals(row, q.values(int4, 36));
  }

  @Test
  void int4PacksTheFirstOfAPairLow() {
    byte[] packed = new byte[2];
    Blocks.pack(new byte[] {-8, 7, 0, -1}, 0, 4, packed, 0);
    // -8 + 8 = 0, 7 + 8 = 15: 0xf0; 0 + 8 = 8, -1 + 8 = 7: 0x78. The other order would be 0x0f.
    assertArrayEquals(new byte[] {(byte) 0xf0, 0x78}, packed);
    byte[] codes = new byte[4];
    Blocks.unpack(packed, 0, codes, 0, 4);
    assertArrayEquals(new byte[] {-8, 7, 0, -1}, codes);
  }

  @Test
  void aRowOfZerosHasNoScaleAndNoCodes() {
    for (RowQuantizer quantizer : new RowQuantizer[] {int8, int4}) {
      Quantized q = Quantized.of(quantizer, new float[40]);
      assertArrayEquals(new byte[quantizer.codes(40)], q.codes);
      assertArrayEquals(new float[40], q.values(quantizer, 40));
    }
  }

  /** The smallest float32 over 127 is zero: no division by it. */
  @Test
  void valuesTooSmallForAScaleAreZeros() {
    Quantized q = Quantized.of(int8, Float.MIN_VALUE, -Float.MIN_VALUE);
    assertArrayEquals(new byte[2], q.codes);
    // 190 * 2^-149 over 127 is 2^-149 (1.496 rounds to 1): the quotient 190 is beyond every code.
    q = Quantized.of(int8, 190 * Float.MIN_VALUE);
    assertArrayEquals(new byte[] {127}, q.codes);
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void valuesThatAreNotFiniteAreRefused(float value) {
    for (RowQuantizer quantizer : new RowQuantizer[] {int8, int4}) {
      assertThrows(ArithmeticException.class, () -> Quantized.of(quantizer, 1, value, 2));
    }
  }

  /**
   * No value is further from its code than half a step (int4: but for those that are clamped, where
   * it is one step), with room for the rounding of float32.
   */
  @Test
  void everyValueIsWithinHalfAStep() {
    Random random = new Random(7);
    float[] row = new float[101];
    for (int i = 0; i < row.length; i++) {
      row[i] = (float) random.nextGaussian();
    }
    for (RowQuantizer quantizer : new RowQuantizer[] {int8, int4}) {
      Quantized q = Quantized.of(quantizer, row);
      float[] back = q.values(quantizer, row.length);
      for (int i = 0; i < row.length; i++) {
        float scale = Math.abs(q.scales[quantizer == int8 ? 0 : i / 32]);
        float steps = quantizer == int4 && q.codes[i] == 7 ? 1 : 0.5f;
        assertTrue(Math.abs(back[i] - row[i]) <= steps * scale * 1.0001f, "value " + i);
      }
    }
  }

  /** The shortcut is the definition, ties included; its zero has no sign. */
  @Test
  void roundingIsRint() {
    for (int i = -1 << 12; i <= 1 << 12; i++) {
      float x = i / 16f;
      assertEquals((float) Math.rint(x) + 0f, Rounding.rint(x), "rint(" + x + ")");
    }
  }

  @Test
  void aVariantIsFoundByItsLabel() {
    assertEquals(Variant.INT8_DYNAMIC, Variant.named("int8-dynamic"));
    String message =
        assertThrows(org.unlearn4j.base.UserException.class, () -> Variant.named("q4"))
            .getMessage();
    assertEquals(
        "ONNX variant: found \"q4\", expected one of fp32, fp16, int8, int8-dynamic, int4, q4f16.",
        message);
  }
}
