package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Norm;

/** Norms over the last axis, always in float32. */
record TfNorms(Variables variables) {

  /** {@code x / sqrt(mean(x^2) + eps) * w}. */
  Operand<TFloat32> rms(Ops ops, Operand<TFloat32> v, Norm norm) {
    Operand<TFloat32> meanSquare = mean(ops, ops.math.square(v), norm.size());
    Operand<TFloat32> inverse =
        ops.math.rsqrt(ops.math.add(meanSquare, ops.constant((float) norm.epsilon())));
    return ops.math.mul(ops.math.mul(v, inverse), gain(ops, norm));
  }

  /** {@code (x - mean) / sqrt(var + eps) * w + b}. */
  Operand<TFloat32> layer(Ops ops, Operand<TFloat32> v, Norm norm) {
    Operand<TFloat32> centred = ops.math.sub(v, mean(ops, v, norm.size()));
    Operand<TFloat32> variance = mean(ops, ops.math.square(centred), norm.size());
    Operand<TFloat32> inverse =
        ops.math.rsqrt(ops.math.add(variance, ops.constant((float) norm.epsilon())));
    Operand<TFloat32> y = ops.math.mul(ops.math.mul(centred, inverse), gain(ops, norm));
    return norm.bias().isPresent() ? ops.math.add(y, variables.read(norm.bias().get())) : y;
  }

  private Operand<TFloat32> gain(Ops ops, Norm norm) {
    Operand<TFloat32> weight = variables.read(norm.weight());
    return norm.plusOne() ? ops.math.add(weight, ops.constant(1f)) : weight;
  }

  /** Kept as an axis of one. */
  private static Operand<TFloat32> mean(Ops ops, Operand<TFloat32> x, int size) {
    return ops.math.mul(ops.sum(x, ops.constant(-1), Sum.keepDims(true)), ops.constant(1f / size));
  }
}
