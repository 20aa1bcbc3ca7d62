package org.unlearn4j.config;

/**
 * Unlearning that is to survive deployment in few bits.
 *
 * @param share part of the steps that see the weights as they will be deployed
 */
public record QuantizationSettings(Format format, double share) {

  /** For which deployed files. */
  public enum Format implements Spelled {
    NONE("none"),
    INT8("int8"),
    INT4("int4");

    private final String spelling;

    Format(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }
}
