package org.unlearn4j.tf;

import java.util.HashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.TBfloat16;
import org.unlearn4j.nn.Parameter;

/** bfloat16 copies of weights, cast once a step however often they are used. */
final class WeightCasts {
  private final Variables variables;
  private final Map<String, Operand<TBfloat16>> casts = new HashMap<>();

  WeightCasts(Variables variables) {
    this.variables = variables;
  }

  Operand<TBfloat16> bf16(Parameter p) {
    return casts.computeIfAbsent(
        p.name(),
        name ->
            variables
                .brain(p)
                .orElseGet(
                    () ->
                        variables
                            .ops()
                            .withSubScope(name)
                            .withName("bf16")
                            .dtypes
                            .cast(variables.read(p), TBfloat16.class)));
  }
}
