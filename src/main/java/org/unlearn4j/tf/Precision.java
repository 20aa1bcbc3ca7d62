package org.unlearn4j.tf;

/**
 * In which format matrix products run. Master weights, losses, norms, softmax and the residual
 * stream are float32 either way.
 */
public enum Precision {
  FP32,
  /**
   * As FP32, but a GPU may round the operands of a product to TF32's ten bits of mantissa; on a CPU
   * the same.
   */
  TF32,
  /** Matrix products, and what lies between two of them inside a sublayer, in bfloat16. */
  BF16
}
