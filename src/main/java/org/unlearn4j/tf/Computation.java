package org.unlearn4j.tf;

/**
 * How a graph is computed, none of which changes what it computes but for rounding.
 *
 * @param recompute the backward pass computes each block's activations once more instead of finding
 *     them in memory
 */
public record Computation(Precision precision, Device device, boolean recompute) {

  /** On the device that is there, everything kept in memory. */
  public static Computation of(Precision precision) {
    return new Computation(precision, Device.auto(), false);
  }

  /** The same on a device. */
  public Computation on(Device other) {
    return new Computation(precision, other, recompute);
  }

  /** The same, recomputing or not. */
  public Computation recomputing(boolean blocks) {
    return new Computation(precision, device, blocks);
  }
}
