package org.unlearn4j.train;

import java.util.Optional;
import org.unlearn4j.config.ObjectiveSettings.DualUpdate;
import org.unlearn4j.unlearn.Dual;
import org.unlearn4j.unlearn.Objective;

/**
 * Alpha while a run goes on: constant, or the multiplier of primal-dual unlearning, which moves
 * after each step or, by the mean retain loss of its steps, after each epoch.
 */
final class DualVariable {
  private final Optional<Dual> dual;
  private double alpha;
  private double retainSum;
  private int steps;

  DualVariable(Objective objective) {
    dual = objective.dual();
    alpha = objective.alpha();
  }

  double alpha() {
    return alpha;
  }

  /**
   * All that it remembers.
   *
   * @param retainSum retain losses of this epoch's steps
   * @param steps of this epoch so far
   */
  record State(double alpha, double retainSum, int steps) {}

  State state() {
    return new State(alpha, retainSum, steps);
  }

  /** Goes on where an earlier run stopped. */
  void restore(State state) {
    alpha = state.alpha();
    retainSum = state.retainSum();
    steps = state.steps();
  }

  /** Empty where alpha never moves. */
  Optional<Double> moving() {
    return dual.map(d -> alpha);
  }

  void afterStep(int epoch, TrainingStep.Outcome seen) {
    if (dual.isPresent()) {
      double retain = seen.terms().get("retain");
      retainSum += retain;
      steps++;
      move(DualUpdate.STEP, epoch, retain);
    }
  }

  void afterEpoch(int epoch) {
    if (steps > 0) {
      move(DualUpdate.EPOCH, epoch, retainSum / steps);
    }
    retainSum = 0;
    steps = 0;
  }

  private void move(DualUpdate now, int epoch, double retain) {
    if (dual.get().moves(now, epoch)) {
      alpha = dual.get().after(alpha, retain);
    }
  }
}
