package org.unlearn4j.tf;

import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.types.TInt64;
import org.unlearn4j.nn.Linear;

/** Told of what linear maps read. */
@FunctionalInterface
interface LinearReader {
  /**
   * A map is about to be emitted.
   *
   * @param x {@code [tokens, in]}
   * @param tokens which of the batch's these are, {@code [tokens, 1]}; empty: all
   */
  void reads(Linear linear, TfTensor x, Optional<Operand<TInt64>> tokens);
}
