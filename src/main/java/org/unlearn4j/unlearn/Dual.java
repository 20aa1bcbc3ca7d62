package org.unlearn4j.unlearn;

import org.unlearn4j.config.ObjectiveSettings.DualUpdate;

/**
 * The dual variable of primal-dual unlearning: the retain loss is a constraint, {@code retain <=
 * epsilon}, and its multiplier alpha grows while the constraint is violated.
 *
 * @param epsilon the retain loss that is allowed, nats
 * @param step size of the dual step, eta
 * @param update whether alpha moves after each step or each epoch
 * @param warmupEpochs epochs before it moves at all
 */
public record Dual(double epsilon, double step, DualUpdate update, int warmupEpochs) {

  /** {@code max(0, alpha + eta * (retain - epsilon))}. */
  public double after(double alpha, double retain) {
    return Math.max(0, alpha + step * (retain - epsilon));
  }

  /** Whether alpha moves after a step of an epoch, both counted from 0. */
  public boolean moves(DualUpdate now, int epoch) {
    return update == now && epoch >= warmupEpochs;
  }
}
