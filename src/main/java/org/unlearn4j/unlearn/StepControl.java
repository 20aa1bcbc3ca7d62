package org.unlearn4j.unlearn;

/**
 * What changes from step to step besides the rows.
 *
 * @param alpha weight of the retain loss
 * @param lambda weight of the regulariser
 * @param forgetting factor of the forget part, floors included; read by objectives only that take
 *     their parts one by one: alone (1, with an alpha and lambda of 0) or without it (0)
 * @param viewSeed what a view drawn inside the graph is drawn from
 * @param quantized whether an objective that knows weights as they will be deployed reads those
 */
public record StepControl(
    double alpha, double lambda, double forgetting, ViewSeed viewSeed, boolean quantized) {

  /** Of a step that takes all parts at once. */
  public StepControl(double alpha, double lambda, ViewSeed viewSeed, boolean quantized) {
    this(alpha, lambda, 1, viewSeed, quantized);
  }

  /** Of a step that reads deployed weights where the objective knows them. */
  public StepControl(double alpha, double lambda, ViewSeed viewSeed) {
    this(alpha, lambda, viewSeed, true);
  }

  /**
   * Seed of a view: the same seed, step and micro-batch draw the same.
   *
   * @param micro micro-batch of the step, from 0
   */
  public record ViewSeed(long seed, int step, int micro) {
    /** As the two numbers that stateless drawing takes. */
    public long[] pair() {
      return new long[] {seed, ((long) step << 24) + ((long) micro << 12)};
    }
  }

  /** The forget part alone. */
  public StepControl forgettingAlone() {
    return new StepControl(0, 0, 1, viewSeed, quantized);
  }

  /** All but the forget part. */
  public StepControl keepingAlone() {
    return new StepControl(alpha, lambda, 0, viewSeed, quantized);
  }

  /** All but the retain loss: what a retain gradient is combined with. */
  public StepControl withoutRetaining() {
    return new StepControl(0, lambda, forgetting, viewSeed, quantized);
  }

  /** The retain loss alone. */
  public StepControl retainingAlone() {
    return new StepControl(alpha, 0, 0, viewSeed, quantized);
  }

  /** The retain loss alone, unweighted: what an attack learns rows by. */
  public StepControl learningAlone() {
    return new StepControl(1, 0, 0, viewSeed, quantized);
  }

  /** The same for a micro-batch of the step. */
  public StepControl atMicro(int micro) {
    ViewSeed seed = new ViewSeed(viewSeed.seed(), viewSeed.step(), micro);
    return new StepControl(alpha, lambda, forgetting, seed, quantized);
  }

  /** For an objective whose weights stay as they begin. */
  public static StepControl of(Objective objective, double lambda) {
    return new StepControl(objective.alpha(), lambda, new ViewSeed(0, 0, 0));
  }
}
