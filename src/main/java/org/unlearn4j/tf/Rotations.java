package org.unlearn4j.tf;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.unlearn4j.nn.Rotary;

/**
 * Cosines and sines of one rotary embedding at the batch's positions, shared by all layers; times
 * its magnitude.
 *
 * @param cos {@code [batch * time, 1, rotated / 2]}
 * @param sin {@code [batch * time, 1, rotated / 2]}
 */
record Rotations(Rotary rotary, Operand<TFloat32> cos, Operand<TFloat32> sin) {

  /**
   * Emits them.
   *
   * @param positions {@code [batch, time]}
   * @param mask {@code [batch, past + time]}, whose ones are a row's length
   */
  static Rotations emit(Ops tf, Operand<TInt32> positions, Operand<TInt32> mask, Rotary rotary) {
    Operand<TFloat32> p = tf.dtypes.cast(tf.reshape(positions, tf.array(-1, 1, 1)), TFloat32.class);
    Operand<TFloat32> frequencies = constant(tf, rotary.inverseFrequencies());
    Operand<TFloat32> angles = tf.math.mul(p, frequencies);
    if (rotary.longer().isPresent()) {
      Operand<TFloat32> others = constant(tf, rotary.longer().get().inverseFrequencies());
      Operand<TInt32> length = tf.sum(mask, tf.constant(1), Sum.keepDims(true)); // [batch, 1]
      Operand<TBool> beyond = tf.math.greater(length, tf.constant(rotary.longer().get().after()));
      Operand<TBool> everywhere =
          tf.reshape(tf.broadcastTo(beyond, tf.shape(positions)), tf.array(-1, 1, 1));
      angles = tf.select(everywhere, tf.math.mul(p, others), angles);
    }
    Operand<TFloat32> cos = tf.math.cos(angles);
    Operand<TFloat32> sin = tf.math.sin(angles);
    if (rotary.magnitude() != 1) {
      Operand<TFloat32> magnitude = tf.constant((float) rotary.magnitude());
      cos = tf.math.mul(cos, magnitude);
      sin = tf.math.mul(sin, magnitude);
    }
    return new Rotations(rotary, cos, sin);
  }

  private static Operand<TFloat32> constant(Ops tf, List<Double> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i).floatValue();
    }
    return tf.constant(floats);
  }

  /** Turns {@code x [batch * time, heads * headDim]}. */
  Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x, int heads) {
    int half = rotary.rotated() / 2;
    int rest = rotary.headDim() - rotary.rotated();
    Operand<TFloat32> byHead = tf.reshape(x, tf.array(-1, heads, rotary.headDim()));
    Operand<TFloat32> a;
    Operand<TFloat32> b;
    if (rest == 0) {
      // The gradient of a split is one concatenation; that of two slices pads and adds.
      List<Output<TFloat32>> halves = tf.split(tf.constant(2), byHead, 2L).output();
      a = halves.get(0);
      b = halves.get(1);
    } else {
      a = part(tf, byHead, 0, half);
      b = part(tf, byHead, half, half);
    }
    Operand<TFloat32> turnedA = tf.math.sub(tf.math.mul(a, cos), tf.math.mul(b, sin));
    Operand<TFloat32> turnedB = tf.math.add(tf.math.mul(b, cos), tf.math.mul(a, sin));
    List<Operand<TFloat32>> parts =
        rest == 0
            ? List.of(turnedA, turnedB)
            : List.of(turnedA, turnedB, part(tf, byHead, rotary.rotated(), rest));
    return tf.reshape(tf.concat(parts, tf.constant(-1)), tf.array(-1, heads * rotary.headDim()));
  }

  private static Operand<TFloat32> part(Ops tf, Operand<TFloat32> x, int from, int size) {
    return tf.slice(x, tf.array(0, 0, from), tf.array(-1, -1, size));
  }
}
