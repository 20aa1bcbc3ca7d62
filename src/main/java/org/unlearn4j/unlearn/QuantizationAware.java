package org.unlearn4j.unlearn;

import org.unlearn4j.tf.FakeQuantization;

/**
 * Steps that see the weights as they will be deployed, among others that see them as they are: one
 * run is to serve files of full and of reduced precision.
 *
 * @param share part of the steps that see the deployed weights, above 0, at most 1
 */
public record QuantizationAware(FakeQuantization form, double share) {

  /** Whether a step, counted from 0, is one of them; they are spread evenly. */
  boolean at(int step) {
    return Math.floor((step + 1) * share) > Math.floor(step * share);
  }
}
