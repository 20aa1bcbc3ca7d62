package org.unlearn4j.config;

/**
 * {@code gamma * forget + alpha * retain}.
 *
 * @param alpha weight of the retain term; PDU's first value of the dual variable
 * @param method what this objective alone has
 */
public record ObjectiveSettings(
    ObjectiveName name, double gamma, double alpha, RetainName retain, Method method) {

  /** True where a retain term is in the total. */
  public boolean retains() {
    return retain != RetainName.NONE && (alpha > 0 || name == ObjectiveName.PDU);
  }

  /** The hyper-parameters of a forget loss. */
  public sealed interface Method {}

  /** GradAscent and GradDiff. */
  public record Plain() implements Method {}

  /** NPO, DPO, UNDIAL and WGA: one strength or temperature. */
  public record Beta(double beta) implements Method {}

  /**
   * SimNPO: length-normalised, without a reference model.
   *
   * @param delta margin, in nats a token
   */
  public record SimNpo(double beta, double delta) implements Method {}

  /**
   * SatImp: saturation and importance weights.
   *
   * @param beta1 power of p; {@code beta2} of 1 - p
   */
  public record SatImp(double beta1, double beta2) implements Method {}

  /**
   * CEU: the label's own probability is taken out of the target.
   *
   * @param skipTokens answer tokens of a row that are left out
   */
  public record Ceu(int skipTokens) implements Method {}

  /**
   * RMU: activations are steered to a fixed random vector.
   *
   * @param layer whose activations are steered
   * @param coefficient length of the control vector
   * @param trainable regular expression that a parameter's whole name must match to be trained
   */
  public record Rmu(Layer layer, double coefficient, String trainable) implements Method {}

  /**
   * PDU: primal-dual, the retain loss is a constraint.
   *
   * @param epsilon the retain loss that is allowed
   * @param dualStep step size of the dual variable
   * @param dualWarmupEpochs epochs before the dual variable moves
   */
  public record Pdu(double epsilon, double dualStep, DualUpdate dualUpdate, int dualWarmupEpochs)
      implements Method {}

  /** When PDU's dual variable moves. */
  public enum DualUpdate implements Spelled {
    STEP("step"),
    EPOCH("epoch");

    private final String spelling;

    DualUpdate(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
