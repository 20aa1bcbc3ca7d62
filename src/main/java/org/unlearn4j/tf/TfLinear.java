package org.unlearn4j.tf;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;

/**
 * Linear maps of a graph's model: weights as they are, in bfloat16, or as they will be deployed,
 * and what adapters add.
 */
final class TfLinear {
  private final Variables variables;
  private final Precision precision;
  private final WeightCasts casts;
  private QuantizedWeights quantized;
  private AdapterWeights adapters;
  private Optional<Operand<TInt64>> adapterSeed = Optional.empty();

  TfLinear(Variables variables, Precision precision) {
    this.variables = variables;
    this.precision = precision;
    this.casts = new WeightCasts(variables);
  }

  /**
   * From now on reads weights as they will be deployed.
   *
   * @param active scalar; false: as they are
   */
  void quantizing(FakeQuantization form, Operand<TBool> active) {
    quantized = new QuantizedWeights(variables, this::merged, form, active);
  }

  /**
   * From now on adds what adapters make of the inputs.
   *
   * @param seed of what is dropped on its way to them, {@code [2]}
   */
  void adapting(AdapterWeights weights, Optional<Operand<TInt64>> seed) {
    adapters = weights;
    adapterSeed = seed;
  }

  private Operand<TFloat32> merged(Linear linear) {
    return adapters == null ? variables.read(linear.weight()) : adapters.merged(variables, linear);
  }

  /** Emits {@code x W + b}: {@code [tokens, in] -> [tokens, out]}. */
  TfTensor emit(Ops tf, TfTensor x, Linear linear) {
    Ops ops = variables.device().on(tf.withSubScope(shortName(linear.weight())));
    MatMul.Options transpose = MatMul.transposeB(!linear.inOut());
    if (precision == Precision.BF16) {
      Operand<TBfloat16> y = ops.linalg.matMul(x.bf16(tf), bf16(linear), transpose);
      if (unmerged()) {
        y = adapters.bf16(ops, x.bf16(tf), linear, adapterSeed).map(sum(ops, y)).orElse(y);
      }
      if (linear.bias().isPresent()) {
        y = ops.math.add(y, bf16(ops, linear.bias().get()));
      }
      return TfTensor.ofBrain(y);
    }
    Operand<TFloat32> y = ops.linalg.matMul(x.f32(tf), f32(ops, x.f32(tf), linear), transpose);
    if (unmerged()) {
      y = adapters.f32(ops, x.f32(tf), linear, adapterSeed).map(sum(ops, y)).orElse(y);
    }
    if (linear.bias().isPresent()) {
      y = ops.nn.biasAdd(y, bias(linear.bias().get()));
    }
    return TfTensor.of(y);
  }

  /** Whether adapters are products of their own; deployed weights hold them already. */
  private boolean unmerged() {
    return adapters != null && quantized == null;
  }

  private static <N extends TNumber> UnaryOperator<Operand<N>> sum(Ops tf, Operand<N> y) {
    return added -> tf.math.add(y, added);
  }

  private Operand<TFloat32> bias(Parameter bias) {
    return adapters == null ? variables.read(bias) : adapters.bias(variables, bias);
  }

  private Operand<TBfloat16> bf16(Ops ops, Parameter bias) {
    return adapters == null ? casts.bf16(bias) : ops.dtypes.cast(bias(bias), TBfloat16.class);
  }

  private Operand<TFloat32> f32(Ops ops, Operand<TFloat32> x, Linear linear) {
    return quantized == null ? variables.read(ops, linear.weight(), x) : quantized.f32(linear);
  }

  private Operand<TBfloat16> bf16(Linear linear) {
    return quantized == null ? casts.bf16(linear.weight()) : quantized.bf16(linear);
  }

  /** {@code q_proj} of {@code model.layers.0.self_attn.q_proj.weight}. */
  static String shortName(Parameter p) {
    String owner = p.name().substring(0, Math.max(0, p.name().lastIndexOf('.')));
    return owner.substring(owner.lastIndexOf('.') + 1);
  }
}
