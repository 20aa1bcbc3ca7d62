package org.unlearn4j.tf;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * What a forward pass reads besides weights.
 *
 * @param ids {@code [batch, time]}
 * @param positions {@code [batch, time]}
 * @param mask {@code [batch, past + time]}, 1 at real tokens
 * @param past key and value of each layer, {@code [batch, kvHeads, past, headDim]}; empty without a
 *     cache
 */
public record TfInputs(
    Operand<TInt32> ids, Operand<TInt32> positions, Operand<TInt32> mask, List<KeyValue> past) {
  public TfInputs {
    past = List.copyOf(past);
  }

  /** One layer's keys and values, {@code [batch, kvHeads, time, headDim]}. */
  public record KeyValue(Operand<TFloat32> key, Operand<TFloat32> value) {}
}
