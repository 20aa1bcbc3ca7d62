package org.unlearn4j.cli;

import org.unlearn4j.tf.Precision;

/**
 * How far from the float64 reference numbers a device may be.
 *
 * <p>float32 on the CPU stays within 1e-5; another device sums in another order and has other
 * kernels, and 2e-4 leaves room for that, while the smallest known mistake (the exact instead of
 * the approximate GELU) moves a logit by 1e-3. bfloat16 keeps 8 significant bits, so a product is
 * off by up to 2^-9 (TF32, with 11 bits, is held to the same); over the layers of a fixture that
 * adds up to a few percent of the largest logit.
 *
 * @param logit of a logit: absolute, plus this share of the fixture's largest where {@code
 *     relative}
 * @param relative whether logits are held relative to the largest one
 * @param loss of losses and summed log-likelihoods, relative to the value, or absolute below 1
 * @param norm of gradient norms, relative; a parameter's to at least a hundredth of the whole
 *     gradient's, below which it is rounding that other parameters made
 */
record FixtureTolerance(double logit, boolean relative, double loss, double norm) {
  static FixtureTolerance of(Precision precision) {
    return switch (precision) {
      case FP32 -> new FixtureTolerance(2e-4, false, 2e-4, 2e-4);
      case TF32, BF16 -> new FixtureTolerance(0.05, true, 0.03, 0.05);
    };
  }

  double logitAllowed(double largest) {
    return relative ? logit * largest : logit;
  }

  double lossAllowed(double expected) {
    return loss * Math.max(1, Math.abs(expected));
  }

  double normAllowed(double expected, double whole) {
    return norm * Math.max(Math.abs(expected), 0.01 * whole);
  }
}
