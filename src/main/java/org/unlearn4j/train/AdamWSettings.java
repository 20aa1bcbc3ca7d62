package org.unlearn4j.train;

/**
 * AdamW (Loshchilov and Hutter 2019).
 *
 * @param weightDecay decoupled, of every parameter
 * @param clipNorm gradients are scaled so that their global norm is at most this; 0 for no clipping
 */
public record AdamWSettings(double weightDecay, double clipNorm) {
  static final double BETA1 = 0.9;
  static final double BETA2 = 0.999;
  static final double EPSILON = 1e-8;
}
