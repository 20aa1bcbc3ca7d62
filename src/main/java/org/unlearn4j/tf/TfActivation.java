package org.unlearn4j.tf;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Activation;

/** Activation functions, value by value; SiLU of what is in bfloat16 alone stays there. */
final class TfActivation {
  private TfActivation() {}

  static TfTensor of(Ops ops, TfTensor x, Activation f) {
    if (f == Activation.SILU && x.onlyBrain()) {
      return TfTensor.ofBrain(ops.math.mul(x.bf16(ops), ops.math.sigmoid(x.bf16(ops))));
    }
    Operand<TFloat32> v = x.f32(ops);
    return TfTensor.of(
        switch (f) {
          case SILU -> ops.math.mul(v, ops.math.sigmoid(v));
          case RELU -> ops.nn.relu(v);
          case GELU -> {
            Operand<TFloat32> erf =
                ops.math.erf(ops.math.mul(v, ops.constant((float) Math.sqrt(0.5))));
            yield ops.math.mul(half(ops, v), ops.math.add(erf, ops.constant(1f)));
          }
          case GELU_TANH -> {
            Operand<TFloat32> cube =
                ops.math.mul(ops.math.square(v), ops.math.mul(v, ops.constant(0.044715f)));
            Operand<TFloat32> inner =
                ops.math.mul(ops.math.add(v, cube), ops.constant((float) Math.sqrt(2 / Math.PI)));
            yield ops.math.mul(half(ops, v), ops.math.add(ops.math.tanh(inner), ops.constant(1f)));
          }
        });
  }

  private static Operand<TFloat32> half(Ops ops, Operand<TFloat32> x) {
    return ops.math.mul(x, ops.constant(0.5f));
  }
}
