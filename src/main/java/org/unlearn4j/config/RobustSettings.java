package org.unlearn4j.config;

/**
 * At which weights the forget loss is taken: those that an attack has moved.
 *
 * @param radius length of the move over all weights that learn, for {@code SAM} and {@code NOISE}
 * @param steps of relearning in each optimiser step, for {@code RELEARN}
 * @param rate by which each of them moves each weight, for {@code RELEARN}
 * @param course optimiser steps over which the relearning goes on before it begins anew, for {@code
 *     RELEARN}
 */
public record RobustSettings(Attack attack, double radius, int steps, double rate, int course) {

  /** Batches that the attack learns in each step of the training. */
  public int lessons() {
    return attack == Attack.RELEARN ? steps : 0;
  }

  /** What moves the weights. */
  public enum Attack implements Spelled {
    NONE("none"),
    /** The gradient of the forget part itself, upwards. */
    SAM("SAM"),
    /** A random direction. */
    NOISE("noise"),
    /** Training on other rows of the forget set. */
    RELEARN("relearn");

    private final String spelling;

    Attack(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
