package org.unlearn4j.config;

/**
 * What an optimiser gets of the forget and the retain gradient.
 *
 * @param average factor by which a moving average of retain gradients decays in each step, for
 *     {@code GRU} and {@code agree}; 0: they read this step's
 */
public record CombineSettings(Rule rule, double average) {

  /** Whether the rule reads a moving average of retain gradients. */
  public boolean averages() {
    return average > 0 && (rule == Rule.GRU || rule == Rule.AGREE);
  }

  /** What becomes of the forget gradient before the retain gradient is added. */
  public enum Rule implements Spelled {
    SUM("sum"),
    /** Loses what is against the retain gradient, as one vector. */
    GRU("GRU"),
    /** The same, and the retain gradient loses what is against the forget gradient. */
    PCGRAD("PCGrad"),
    /** Loses each component whose sign is another than that of the retain gradient. */
    AGREE("agree");

    private final String spelling;

    Rule(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
