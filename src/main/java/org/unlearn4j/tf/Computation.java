package org.unlearn4j.tf;

import java.util.Optional;
import org.unlearn4j.base.Processor;

/**
 * How a graph is computed, none of which changes what it computes but for rounding.
 *
 * @param recompute the backward pass computes each block's activations once more instead of finding
 *     them in memory
 * @param asWritten TensorFlow neither fuses nor rearranges: what it would do depends on who else
 *     reads a value, and a block that is emitted again must be, to the bit, what it was
 * @param spread several devices that compute it together, {@code device} the first of them
 * @param lanes batches that had best be computed at a time where there are many: one fills the gaps
 *     that the other leaves between its operations
 */
public record Computation(
    Precision precision,
    Device device,
    boolean recompute,
    boolean asWritten,
    Optional<Spread> spread,
    int lanes) {

  /** One batch at a time. */
  public Computation(
      Precision precision,
      Device device,
      boolean recompute,
      boolean asWritten,
      Optional<Spread> spread) {
    this(precision, device, recompute, asWritten, spread, 1);
  }

  /** On one device. */
  public Computation(Precision precision, Device device, boolean recompute, boolean asWritten) {
    this(precision, device, recompute, asWritten, Optional.empty());
  }

  /** As written where blocks are recomputed. */
  public Computation(Precision precision, Device device, boolean recompute) {
    this(precision, device, recompute, recompute);
  }

  /** Everything kept in memory. There is no device by default: asking for one opens a GPU. */
  public static Computation of(Precision precision, Device device) {
    return new Computation(precision, device, false);
  }

  /** The same, recomputing or not. */
  public Computation recomputing(boolean blocks) {
    return new Computation(precision, device, blocks, blocks, spread);
  }

  /** The same, not rearranged: what a recomputing graph is to be compared with. */
  public Computation unarranged() {
    return new Computation(precision, device, recompute, true, spread);
  }

  /** The same for many batches. */
  public Computation inLanes(int batches) {
    return new Computation(precision, device, recompute, asWritten, spread, batches);
  }

  /** The same on several devices. */
  public Computation on(Spread several) {
    return new Computation(
        precision, several.devices().get(0), recompute, asWritten, Optional.of(several));
  }

  /** The same on the first device alone. */
  public Computation alone() {
    return new Computation(precision, device, recompute, asWritten);
  }

  /** Whether products of bfloat16 are computed as ones of float32, with copies of their factors. */
  public boolean widensProducts() {
    return precision == Precision.BF16 && !device.isGpu() && !Processor.own().multipliesBrain();
  }

  /** How many devices have all parameters and part of the rows. */
  public int replicas() {
    return spread.filter(s -> s.form() == Spread.Form.REPLICAS).map(Spread::count).orElse(1);
  }
}
