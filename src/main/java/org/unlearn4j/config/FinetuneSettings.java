package org.unlearn4j.config;

/** The stage that teaches a model the data before anything is forgotten. */
public record FinetuneSettings(Teach data, LoopSettings loop) {

  /** What is taught. */
  public enum Teach implements Spelled {
    /** Everything: the model that shall forget. */
    FULL("full"),
    /** All but the forget split: the retain-only twin. */
    RETAIN("retain"),
    /** The forget split alone: relearning. */
    FORGET("forget");

    private final String spelling;

    Teach(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
