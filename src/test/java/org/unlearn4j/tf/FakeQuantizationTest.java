package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.Blocks;
import org.unlearn4j.weights.Int8Channels;
import org.unlearn4j.weights.QuantizedRows;
import org.unlearn4j.weights.RowQuantizer;

/** The weights that a step sees are those that the exported files hold. */
class FakeQuantizationTest {
  private static final int IN = 77; // two blocks of 32 and one of 13

  /** Rows that a careless formula gets wrong. */
  private static float[][] awkward() {
    Random random = new Random(5);
    float[][] rows = new float[12][IN];
    // Row 0 stays zero. Row 1: one block of zeros among others.
    for (int i = 40; i < IN; i++) {
      rows[1][i] = (float) random.nextGaussian();
    }
    fill(rows[2], i -> -Math.abs((float) random.nextGaussian())); // none positive
    fill(rows[3], i -> Math.abs((float) random.nextGaussian()));
    fill(rows[4], i -> (i % 33 - 16) / 2f); // -8 and 8 in a block, and every half between
    fill(rows[5], i -> (16 - i % 33) / 2f);
    fill(rows[6], i -> i % 2 == 0 ? 0.25f : -0.25f); // equal magnitudes
    fill(rows[7], i -> i - 127f); // halves of int8 as well
    fill(rows[8], i -> i == 70 ? 1e6f : (float) random.nextGaussian() * 1e-3f);
    fill(rows[9], i -> i == 3 ? -7e-30f : 1e-31f * i);
    fill(rows[10], i -> 3e37f * (float) random.nextGaussian());
    fill(rows[11], i -> (float) random.nextGaussian() * 0.02f);
    return rows;
  }

  private static void fill(float[] row, Function<Integer, Float> value) {
    for (int i = 0; i < row.length; i++) {
      row[i] = value.apply(i);
    }
  }

  private static float[] flat(float[][] rows) {
    float[] flat = new float[rows.length * rows[0].length];
    for (int r = 0; r < rows.length; r++) {
      System.arraycopy(rows[r], 0, flat, r * rows[0].length, rows[0].length);
    }
    return flat;
  }

  private static float[] transposed(float[] flat, int rows, int columns) {
    float[] t = new float[flat.length];
    for (int i = 0; i < t.length; i++) {
      t[i % columns * rows + i / columns] = flat[i];
    }
    return t;
  }

  private static Linear linear(int out, int in, boolean inOut) {
    Parameter w = inOut ? Parameter.matrix("w", in, out) : Parameter.matrix("w", out, in);
    return new Linear(w, Optional.empty(), inOut);
  }

  /** Weights through the operations of the step graph. */
  private static float[] inGraph(FakeQuantization form, Linear linear, float[] weights) {
    long[] shape = {linear.weight().dim(0), linear.weight().dim(1)};
    try (TfRuntime runtime = new TfRuntime(Computations.FP32)) {
      Ops tf = runtime.ops();
      Placeholder<TFloat32> w = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(shape)));
      Operand<TFloat32> q = form.of(tf, w, linear);
      try (TFloat32 fed = TfTensors.floats(weights, shape);
          Result r = runtime.session().runner().feed(w, fed).fetch(q).run()) {
        return TfTensors.floats(r, 0);
      }
    }
  }

  private static float[] exported(FakeQuantization form, float[] weights, int out, int in) {
    RowQuantizer q = form == FakeQuantization.INT4 ? Blocks.of(4, 32) : new Int8Channels();
    float[] values = new float[weights.length];
    QuantizedRows row = new QuantizedRows(q, in, 1);
    for (int r = 0; r < out; r++) {
      q.quantize(weights, r * in, row, 0);
      q.dequantize(row, 0, values, r * in);
    }
    return values;
  }

  /** To the last bit, but for the sign of a zero. */
  private static void assertSame(float[] expected, float[] seen) {
    assertEquals(expected.length, seen.length);
    for (int i = 0; i < expected.length; i++) {
      assertTrue(expected[i] == seen[i], i + ": " + expected[i] + " and " + seen[i]);
    }
  }

  @ParameterizedTest
  @EnumSource(FakeQuantization.class)
  void equalsTheExportedWeights(FakeQuantization form) {
    float[] weights = flat(awkward());
    int out = weights.length / IN;
    float[] expected = exported(form, weights, out, IN);
    assertSame(expected, inGraph(form, linear(out, IN, false), weights));
    float[] columns = inGraph(form, linear(out, IN, true), transposed(weights, out, IN));
    assertSame(expected, transposed(columns, IN, out));
    // The control: along the other axis scales would be others.
    assertNotEquals(
        Arrays.toString(expected),
        Arrays.toString(
            transposed(
                inGraph(form, linear(IN, out, false), transposed(weights, out, IN)), IN, out)));
  }

  /** m = -8: scale 1. m = 8: scale -1, and -8 is beyond code 7. Ties go to even codes. */
  @Test
  void int4ByHand() {
    float[] row = new float[64];
    float[] low = {-8, -7.6f, -2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f, 6.5f, 7.6f, 7.9f};
    float[] high = {8, 7.6f, 2.5f, 1.5f, 0.5f, -0.5f, -1.5f, -2.5f, -6.5f, -7.6f, -7.9f};
    System.arraycopy(low, 0, row, 0, low.length);
    System.arraycopy(high, 0, row, 32, high.length);
    float[] seen = inGraph(FakeQuantization.INT4, linear(1, 64, false), row);
    float[] first = {-8, -8, -2, -2, 0, 0, 2, 2, 6, 7, 7};
    float[] second = {8, 8, 2, 2, 0, 0, -2, -2, -6, -7, -7};
    assertSame(first, Arrays.copyOf(seen, 11));
    assertSame(second, Arrays.copyOfRange(seen, 32, 43));
  }

  /** Of several largest magnitudes the first says the sign of the scale. */
  @Test
  void int4Ties() {
    float[] row = new float[64];
    row[5] = 8;
    row[9] = -8;
    row[10] = 8;
    row[32] = -8;
    row[63] = 8;
    float[] seen = inGraph(FakeQuantization.INT4, linear(1, 64, false), row);
    float[] expected = row.clone();
    expected[9] = -7; // the scale is -1, and -8 would be code 8
    expected[63] = 7;
    assertSame(expected, seen);
  }

  /** Largest magnitude 127: scale 1. */
  @Test
  void int8ByHand() {
    float[] row = {-127, 126.5f, -2.5f, 1.5f, 0.5f, -0.4f, 3};
    float[] seen = inGraph(FakeQuantization.INT8, linear(1, 7, false), row);
    assertSame(new float[] {-127, 126, -2, 2, 0, 0, 3}, seen);
  }

  /**
   * loss = sum(c * q(w)). Straight through, its gradient is c. The control, without: TensorFlow
   * knows no gradient of rounding.
   */
  @ParameterizedTest
  @EnumSource(FakeQuantization.class)
  void theGradientPassesStraightThrough(FakeQuantization form) {
    Linear linear = linear(2, 40, false);
    Random random = new Random(3);
    float[] weights = new float[80];
    float[] c = new float[80];
    fill(weights, i -> (float) random.nextGaussian());
    fill(c, i -> i + 1f);
    try (TfRuntime runtime = new TfRuntime(Computations.FP32)) {
      Ops tf = runtime.ops();
      Variables variables = new Variables(runtime, "", List.of(linear.weight()));
      Placeholder<TBool> active = tf.placeholder(TBool.class, Placeholder.shape(Shape.scalar()));
      Operand<TFloat32> seen =
          new QuantizedWeights(variables, l -> variables.read(l.weight()), form, active)
              .f32(linear);
      Operand<TFloat32> factors = tf.reshape(tf.constant(c), tf.array(2, 40));
      Operand<TFloat32> loss = tf.sum(tf.math.mul(seen, factors), tf.array(0, 1));
      Output<?>[] x = {variables.read(linear.weight()).asOutput()};
      Output<?>[] dx =
          runtime.graph().addGradients("g", new Output<?>[] {loss.asOutput()}, x, null);
      Operand<TFloat32> rounded = form.of(tf, variables.read(linear.weight()), linear);
      Output<?>[] blocked = {tf.sum(tf.math.mul(rounded, factors), tf.array(0, 1)).asOutput()};
      TensorFlowException none =
          assertThrows(
              TensorFlowException.class,
              () -> runtime.graph().addGradients("blocked", blocked, x, null));
      assertTrue(none.getMessage().contains("No gradient defined for op: Rint"), none.getMessage());
      variables.assign(p -> FloatBuffer.wrap(weights));
      Session.Runner runner = runtime.session().runner().fetch(seen).fetch(dx[0]);
      try (TBool on = TBool.scalarOf(true);
          Result r = runner.feed(active, on).run()) {
        assertSame(exported(form, weights, 2, 40), TfTensors.floats(r, 0));
        assertArrayEquals(c, TfTensors.floats(r, 1));
      }
      runner = runtime.session().runner().fetch(seen).fetch(dx[0]);
      try (TBool off = TBool.scalarOf(false);
          Result r = runner.feed(active, off).run()) {
        assertArrayEquals(weights, TfTensors.floats(r, 0));
        assertArrayEquals(c, TfTensors.floats(r, 1));
      }
    }
  }
}
