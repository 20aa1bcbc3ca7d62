package org.unlearn4j.tf;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;

/**
 * Weights of linear maps as they will be deployed, computed once a step however often they are
 * used. Their gradient is taken for that of the weights they come from: the straight-through
 * estimator (Bengio et al. 2013; Jacob et al. 2018), without which rounding lets no gradient pass.
 */
final class QuantizedWeights {
  private final Variables variables;
  private final Function<Linear, Operand<TFloat32>> weights;
  private final FakeQuantization form;
  private final Operand<TBool> active;
  private final Map<String, Operand<TFloat32>> values = new HashMap<>();
  private final Map<String, Operand<TBfloat16>> casts = new HashMap<>();

  /**
   * Of a model's variables.
   *
   * @param weights of its linear maps, as they are
   * @param active scalar; false: the weights are read as they are
   */
  QuantizedWeights(
      Variables variables,
      Function<Linear, Operand<TFloat32>> weights,
      FakeQuantization form,
      Operand<TBool> active) {
    this.variables = variables;
    this.weights = weights;
    this.form = form;
    this.active = active;
  }

  /** In the layout of the linear map's weight. */
  Operand<TFloat32> f32(Linear linear) {
    return values.computeIfAbsent(
        linear.weight().name(),
        name -> {
          Ops tf = scope(linear.weight());
          Operand<TFloat32> w = weights.apply(linear);
          Operand<TFloat32> deployed = tf.select(active, form.of(tf, w, linear), w);
          // w - stopGradient(w) is 0: the sum has the deployed values to the last bit.
          return tf.withName("quantized")
              .math
              .add(tf.stopGradient(deployed), tf.math.sub(w, tf.stopGradient(w)));
        });
  }

  /** The same as bfloat16. */
  Operand<TBfloat16> bf16(Linear linear) {
    return casts.computeIfAbsent(
        linear.weight().name(),
        name -> scope(linear.weight()).withName("bf16").dtypes.cast(f32(linear), TBfloat16.class));
  }

  private Ops scope(Parameter p) {
    return variables.ops().withSubScope(p.name()).withSubScope("deployed");
  }
}
