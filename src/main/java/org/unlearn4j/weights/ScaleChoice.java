package org.unlearn4j.weights;

/** How the scale of a block of weights is chosen. */
public enum ScaleChoice {
  /** From the ends of the block's range; each weight has the nearest code. */
  ROUND_TO_NEAREST("round_to_nearest"),
  /** The scale of least squared error among those that a few ranges lead to. */
  LEAST_ERROR("least_error");

  private final String label;

  ScaleChoice(String label) {
    this.label = label;
  }

  /** As pipelines write it. */
  public String label() {
    return label;
  }
}
