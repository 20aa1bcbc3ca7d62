package org.unlearn4j.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.base.UserException;

/** Blocks of other sizes, bits, zero points and scales, by hand. */
class BlocksTest {
  private static QuantizedRows of(RowQuantizer q, float... row) {
    QuantizedRows rows = new QuantizedRows(q, row.length, 1);
    q.quantize(row, 0, rows, 0);
    return rows;
  }

  private static float[] values(RowQuantizer q, QuantizedRows rows) {
    float[] values = new float[rows.width()];
    q.dequantize(rows, 0, values, 0);
    return values;
  }

  /** m = 256 is met by code -128 and scale -2; -255 / -2 = 127.5 ties to 128 and is clamped. */
  @Test
  void eightBitsKeepTheSignOfTheLargestMagnitude() {
    QuantizedRows rows = of(Blocks.of(8, 16), 256, -255, 3, 5);
    assertArrayEquals(new float[] {-2}, rows.scales());
    assertArrayEquals(new byte[] {-128, 127, -2, -2}, Arrays.copyOf(rows.codes(), 4));
    assertEquals(0, rows.zeros().length);
  }

  /**
   * From -3 to 12 are 15 steps of 1; 0 is the fourth code, -8 + 3 = -5. The symmetric form would
   * have steps of 1.5 and no code above 7 * 1.5 = 10.5 on the other side.
   */
  @Test
  void asymmetricCodesCoverTheRange() {
    Blocks q = new Blocks(4, 16, false, ScaleChoice.ROUND_TO_NEAREST, false);
    float[] row = {-3, 12, 0, 5, 4.4f, 2.5f};
    QuantizedRows rows = of(q, row);
    assertArrayEquals(new float[] {1}, rows.scales());
    assertArrayEquals(new byte[] {-5}, rows.zeros());
    assertArrayEquals(new byte[] {-8, 7, -5, 0, -1, -3}, Arrays.copyOf(rows.codes(), 6));
    assertArrayEquals(new float[] {-3, 12, 0, 5, 4, 2}, values(q, rows)); // 2.5 ties to 2
    assertEquals(-5, rows.codes()[15], "padding stands for 0");
  }

  /** All above 0: the range is widened to hold 0, or no zero point would be a code. */
  @Test
  void aRangeHoldsZero() {
    Blocks q = new Blocks(8, 16, false, ScaleChoice.ROUND_TO_NEAREST, false);
    QuantizedRows rows = of(q, 200, 255, 230);
    assertArrayEquals(new float[] {1}, rows.scales());
    assertArrayEquals(new byte[] {-128}, rows.zeros());
    assertArrayEquals(new float[] {200, 255, 230}, values(q, rows));
  }

  /**
   * One weight of 8.6 among fifteen of 2 has a scale of 8.6 / -8 = -1.075, which puts 2 at 2.15: an
   * error of 15 * 0.15^2 = 0.3375. The range 8.6 / -8.6 = -1 puts all 2 where they are and 8.6 at
   * 8; of its codes the best scale is (8.6 * 8 + 15 * 2 * 2) / (64 + 15 * 4) = 1.0387, and the
   * error 0.0843 + 15 * 0.00599 = 0.1742.
   */
  @Test
  void theScaleOfLeastErrorIsFound() {
    float[] row = new float[16];
    Arrays.fill(row, 2);
    row[0] = 8.6f;
    Blocks near = Blocks.of(4, 16);
    Blocks least = new Blocks(4, 16, true, ScaleChoice.LEAST_ERROR, false);
    assertEquals(0.3375, error(near, row), 1e-4);
    assertTrue(error(least, row) <= 0.1743, "error " + error(least, row));
  }

  private static double error(RowQuantizer q, float[] row) {
    float[] values = values(q, of(q, row));
    double sum = 0;
    for (int i = 0; i < row.length; i++) {
      sum += Math.pow(row[i] - values[i], 2);
    }
    return sum;
  }

  /** No block is worse than by rounding to the nearest, and all together are better. */
  @ParameterizedTest
  @CsvSource({"4,16,true", "4,32,true", "4,64,false", "4,256,false", "8,32,true", "8,128,false"})
  void leastErrorIsNeverWorse(int bits, int size, boolean symmetric) {
    Random random = new Random(3);
    Blocks near = new Blocks(bits, size, symmetric, ScaleChoice.ROUND_TO_NEAREST, false);
    Blocks least = new Blocks(bits, size, symmetric, ScaleChoice.LEAST_ERROR, false);
    double nearSum = 0;
    double leastSum = 0;
    for (int b = 0; b < 50; b++) {
      float[] row = new float[size];
      for (int i = 0; i < size; i++) {
        row[i] = (float) random.nextGaussian();
      }
      assertTrue(error(least, row) <= error(near, row) * (1 + 1e-9), "block " + b);
      nearSum += error(near, row);
      leastSum += error(least, row);
    }
    assertTrue(leastSum < 0.95 * nearSum, leastSum + " of " + nearSum);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void zerosAndWhatIsNotFinite(boolean symmetric) {
    for (ScaleChoice choice : ScaleChoice.values()) {
      Blocks q = new Blocks(4, 16, symmetric, choice, false);
      assertArrayEquals(new float[20], values(q, of(q, new float[20])));
      assertThrows(ArithmeticException.class, () -> of(q, 1, Float.NaN));
      assertThrows(ArithmeticException.class, () -> of(q, 1, Float.NEGATIVE_INFINITY));
      float[] huge = {Float.MAX_VALUE, -Float.MAX_VALUE};
      for (float v : values(q, of(q, huge))) {
        assertTrue(Math.abs(v) > 2.9e38f, "a range beyond float32: " + v);
      }
    }
  }

  /**
   * Scales of float16 have 11 bits: 0.1 is 0x2e66, 0.0999755859375. Codes are of what is stored:
   * 0.75 over it is 7.5018, clamped to 7, and -0.8 over it -8.002.
   */
  @Test
  void halfScalesAreRoundedBeforeCodesAre() {
    Blocks q = new Blocks(4, 16, true, ScaleChoice.ROUND_TO_NEAREST, true);
    QuantizedRows rows = of(q, -0.8f, 0.75f, 0.25f);
    assertArrayEquals(new float[] {0x1.998p-4f}, rows.scales());
    // 0.25 / 0.09998 = 2.5006 is 3; over the scale before rounding, 0.1, it ties to 2.
    assertArrayEquals(new byte[] {-8, 7, 3}, Arrays.copyOf(rows.codes(), 3));
    assertEquals(2, of(Blocks.of(4, 16), -0.8f, 0.75f, 0.25f).codes()[2]);
    // What is too small for float16 keeps a scale, or its weights would be further than half a
    // step.
    assertArrayEquals(new float[] {0x1p-24f}, of(q, -1e-9f).scales());
    assertThrows(ArithmeticException.class, () -> of(q, -1e6f));
  }

  /** A row of three zero points begins with a byte of its own. */
  @Test
  void anOddNumberIsPackedToo() {
    byte[] packed = new byte[2];
    Blocks.pack(new byte[] {-8, 7, 1}, 0, 3, packed, 0);
    assertArrayEquals(new byte[] {(byte) 0xf0, 9}, packed);
    byte[] codes = new byte[3];
    Blocks.unpack(packed, 0, codes, 0, 3);
    assertArrayEquals(new byte[] {-8, 7, 1}, codes);
  }

  /** The head has no number; layer 1 is not layer 11. */
  @Test
  void chosenLayersHaveEightBits() {
    CodeFormat f = CodeFormat.INT4.with("head_bits=8,eight_bit_layers=1 4,block_size=64", "--int4");
    assertEquals(8, f.of("lm_head.weight").bits());
    assertEquals(8, f.of("model.layers.1.mlp.up_proj.weight").bits());
    assertEquals(8, f.of("transformer.h.4.attn.c_attn.weight").bits());
    assertEquals(4, f.of("model.layers.11.mlp.up_proj.weight").bits());
    assertEquals(f, CodeFormat.INT4.with(f.changes(CodeFormat.INT4), "again"));
    assertEquals("", CodeFormat.INT4.changes(CodeFormat.INT4));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "block_size=48|--int4: block_size: found \"48\", expected one of 16, 32, 64, 128, 256.",
        "block_size=channel|--int4: block_size: found \"channel\", expected one of 16, 32, 64, 128,"
            + " 256.",
        "accuracy_level=5|--int4: accuracy_level: found \"5\", expected one of 0, 1, 2, 3, 4.",
        "eight_bit_layers=x|--int4: eight_bit_layers: found \"x\", expected numbers of layers, with"
            + " spaces between."
      })
  void mistakesAreNamed(String changes, String message) {
    assertEquals(
        message,
        assertThrows(UserException.class, () -> CodeFormat.INT4.with(changes, "--int4"))
            .getMessage());
  }

  @Test
  void wholeChannelsHaveOneForm() {
    assertThrows(UserException.class, () -> CodeFormat.INT8.with("symmetric=false", "--int8"));
    assertEquals(128, CodeFormat.INT8.with("block_size=128,symmetric=false", "--int8").block());
  }
}
