package org.unlearn4j.config;

/**
 * What makes updates of gradients.
 *
 * @param weightDecay decoupled (Loshchilov and Hutter 2019), of every parameter
 * @param clipNorm gradients are scaled so that their global norm is at most this; 0: no clipping
 */
public record OptimizerSettings(Form form, double weightDecay, double clipNorm) {

  /** How much an optimiser remembers of the gradients, and in which format. */
  public enum Form implements Spelled {
    /** Two moments in float32 (Loshchilov and Hutter 2019). */
    ADAMW("adamw"),
    /** The same moments in 8 bits a value, block by block (Dettmers et al. 2022). */
    ADAMW8BIT("adamw8bit"),
    /** Second moments alone, of a matrix as a column and a row (Shazeer and Stern 2018). */
    ADAFACTOR("adafactor");

    private final String spelling;

    Form(String spelling) {
      this.spelling = spelling;
    }

    @Override
    public String spelling() {
      return spelling;
    }
  }

  /** AdamW. */
  public static OptimizerSettings adamW(double weightDecay, double clipNorm) {
    return new OptimizerSettings(Form.ADAMW, weightDecay, clipNorm);
  }
}
