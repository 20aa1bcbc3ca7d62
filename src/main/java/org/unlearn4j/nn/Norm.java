package org.unlearn4j.nn;

import java.util.Optional;

/**
 * A normalisation over the last axis.
 *
 * @param weight gain, {@code [size]}
 * @param bias {@code [size]}, layer norms only
 * @param epsilon added to the mean square or the variance
 * @param plusOne the gain is stored less one (Gemma)
 */
public record Norm(Parameter weight, Optional<Parameter> bias, double epsilon, boolean plusOne) {

  public static Norm rms(String name, int size, double epsilon) {
    return new Norm(
        Parameter.vector(name + ".weight", size, Parameter.Init.ONES),
        Optional.empty(),
        epsilon,
        false);
  }

  /** An RMS norm whose gain is stored less one, so that zeros are the identity. */
  public static Norm rmsLessOne(String name, int size, double epsilon) {
    return new Norm(
        Parameter.vector(name + ".weight", size, Parameter.Init.ZEROS),
        Optional.empty(),
        epsilon,
        true);
  }

  public static Norm layer(String name, int size, double epsilon) {
    return new Norm(
        Parameter.vector(name + ".weight", size, Parameter.Init.ONES),
        Optional.of(Parameter.vector(name + ".bias", size, Parameter.Init.ZEROS)),
        epsilon,
        false);
  }

  public int size() {
    return weight.dim(0);
  }
}
