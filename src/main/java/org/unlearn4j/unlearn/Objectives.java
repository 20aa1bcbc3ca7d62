package org.unlearn4j.unlearn;

import java.util.Optional;

/** The closed list of objectives. */
public final class Objectives {
  private Objectives() {}

  /** Gradient difference: ascend on forget rows, descend on retain rows. */
  public static Objective gradDiff(double gamma, double alpha) {
    return withRetainNll("GradDiff", new MeanNll(Segment.FORGET, -1), gamma, alpha);
  }

  /** Negative preference optimisation with retain NLL. */
  public static Objective npo(double beta, double gamma, double alpha) {
    return withRetainNll("NPO", new Npo(beta), gamma, alpha);
  }

  /** Reference-free NPO with retain NLL. */
  public static Objective simNpo(double beta, double delta, double gamma, double alpha) {
    return withRetainNll("SimNPO", new SimNpo(beta, delta), gamma, alpha);
  }

  private static Objective withRetainNll(String name, Term forget, double gamma, double alpha) {
    return new Objective(
        name,
        Optional.of(forget),
        gamma,
        Optional.of(new MeanNll(Segment.RETAIN, 1)),
        alpha,
        Optional.empty());
  }
}
