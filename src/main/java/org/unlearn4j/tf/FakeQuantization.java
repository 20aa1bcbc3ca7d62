package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceMax;
import org.tensorflow.op.core.ReduceMin;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.weights.CodeFormat;

/**
 * What deployment in few bits makes of a linear map's weights: every value is replaced by the one
 * that its code stands for. Float32 arithmetic, the same as that of the exported files.
 */
public enum FakeQuantization {
  /** One scale an output channel, {@code max |w| / 127}; ties to even. */
  INT8 {
    @Override
    Operand<TFloat32> rows(Ops tf, Operand<TFloat32> w, int out, int in) {
      Operand<TFloat32> most =
          tf.reduceMax(tf.math.abs(w), tf.constant(-1), ReduceMax.keepDims(true));
      Operand<TFloat32> scale = tf.math.div(most, tf.constant(127f));
      return dequantised(tf, w, scale, -127, 127);
    }
  },
  /**
   * One scale for 32 inputs of an output channel, {@code m / -8} with the value m of largest
   * magnitude (the first of several), sign kept; codes -8 to 7, ties to even. A last block that is
   * not full is padded with zeros.
   */
  INT4 {
    @Override
    Operand<TFloat32> rows(Ops tf, Operand<TFloat32> w, int out, int in) {
      int blocks = (in + BLOCK - 1) / BLOCK;
      int missing = blocks * BLOCK - in;
      Operand<TFloat32> padded =
          missing == 0
              ? w
              : tf.pad(w, tf.reshape(tf.array(0, 0, 0, missing), tf.array(2, 2)), tf.constant(0f));
      Operand<TFloat32> x = tf.reshape(padded, tf.array(out, blocks, BLOCK));
      Operand<TFloat32> magnitude = tf.math.abs(x);
      Operand<TFloat32> most = tf.reduceMax(magnitude, tf.constant(-1), ReduceMax.keepDims(true));
      // Signs of those of largest magnitude, the earlier the more they count.
      Operand<TFloat32> votes =
          tf.select(
              tf.math.equal(magnitude, most),
              tf.math.mul(tf.math.sign(x), tf.constant(earlierFirst())),
              tf.constant(0f));
      Operand<TFloat32> plus = tf.reduceMax(votes, tf.constant(-1), ReduceMax.keepDims(true));
      Operand<TFloat32> minus = tf.reduceMin(votes, tf.constant(-1), ReduceMin.keepDims(true));
      Operand<TFloat32> largest =
          tf.select(tf.math.greater(plus, tf.math.neg(minus)), most, tf.math.neg(most));
      Operand<TFloat32> scale = tf.math.div(largest, tf.constant(-8f));
      Operand<TFloat32> y =
          tf.reshape(dequantised(tf, x, scale, -8, 7), tf.array(out, blocks * BLOCK));
      return missing == 0 ? y : tf.slice(y, tf.array(0, 0), tf.array(out, in));
    }
  };

  private static final int BLOCK = CodeFormat.INT4.block();

  private static float[] earlierFirst() {
    float[] places = new float[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
      places[i] = BLOCK - i;
    }
    return places;
  }

  /**
   * The values of a linear map's quantised weights, in the layout of the weights themselves. No
   * gradient passes.
   */
  Operand<TFloat32> of(Ops tf, Operand<TFloat32> weight, Linear linear) {
    if (!linear.inOut()) {
      return rows(tf, weight, linear.out(), linear.in());
    }
    Operand<TFloat32> rows = tf.linalg.transpose(weight, tf.array(1, 0));
    return tf.linalg.transpose(rows(tf, rows, linear.out(), linear.in()), tf.array(1, 0));
  }

  /** The same of rows {@code [out, in]}. */
  abstract Operand<TFloat32> rows(Ops tf, Operand<TFloat32> w, int out, int in);

  /** A scale of 0 stands for zeros only. */
  private static Operand<TFloat32> dequantised(
      Ops tf, Operand<TFloat32> x, Operand<TFloat32> scale, float lowest, float highest) {
    Operand<TFloat32> codes =
        tf.clipByValue(
            tf.math.rint(tf.math.divNoNan(x, scale)), tf.constant(lowest), tf.constant(highest));
    return tf.math.mul(codes, scale);
  }
}
