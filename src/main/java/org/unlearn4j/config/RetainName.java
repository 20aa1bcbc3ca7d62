package org.unlearn4j.config;

/** The retain terms a pipeline may name. */
public enum RetainName implements Spelled {
  /** Mean negative log-likelihood of the retain rows. */
  NLL("NLL"),
  /** Divergence from the reference model's predictions on the retain rows. */
  KL("KL"),
  /** Distance from the reference model's activations on the retain rows (RMU, CircuitBreaker). */
  EMBED_DIFF("EmbedDiff"),
  NONE("none");

  private final String spelling;

  RetainName(String spelling) {
    this.spelling = spelling;
  }

  @Override
  public String spelling() {
    return spelling;
  }
}
