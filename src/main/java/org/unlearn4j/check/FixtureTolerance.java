package org.unlearn4j.check;

import java.util.Arrays;
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
 * <p>Of bfloat16 on the CPU 2.2 % of the largest logit, 2.4 % of a loss and 5.6 % of a whole
 * gradient were seen, the latter of CLReg, whose temperature of 0.1 multiplies what rounding does
 * to a cosine by ten. A single parameter's norm is looser: 9.4 % were seen, of an objective that
 * squares the largest logit, so that rounding which moves the logits moves its gradients twice.
 *
 * @param logit of a logit: absolute, plus this share of the fixture's largest where {@code
 *     relative}
 * @param relative whether logits are held relative to the largest one
 * @param loss of losses and summed log-likelihoods, relative to the value (of a total, to the sum
 *     of its parts' magnitudes), or absolute below 1
 * @param norm of the whole gradient's norm, relative
 * @param parameter of the norm of one parameter's gradient, relative, to at least a hundredth of
 *     the whole gradient's: below that it is rounding that other parameters made
 */
record FixtureTolerance(
    double logit, boolean relative, double loss, double norm, double parameter) {
  static FixtureTolerance of(Precision precision) {
    return switch (precision) {
      case FP32 -> new FixtureTolerance(2e-4, false, 2e-4, 2e-4, 2e-4);
      case TF32, BF16 -> new FixtureTolerance(0.05, true, 0.03, 0.08, 0.15);
    };
  }

  double logitAllowed(double largest) {
    return relative ? logit * largest : logit;
  }

  double lossAllowed(double expected) {
    return loss * Math.max(1, Math.abs(expected));
  }

  /** Of a sum: its parts' errors add up, also where the parts nearly cancel. */
  double totalAllowed(double... parts) {
    return lossAllowed(Arrays.stream(parts).map(Math::abs).sum());
  }

  double normAllowed(double whole) {
    return norm * whole;
  }

  double parameterAllowed(double expected, double whole) {
    return parameter * Math.max(Math.abs(expected), 0.01 * whole);
  }
}
