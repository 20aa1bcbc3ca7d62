package org.unlearn4j.surgery;

/**
 * Over how many directions an energy is spread.
 *
 * @param energy the sum of squared singular values: of a matrix its squared Frobenius norm, of
 *     second moments their trace
 * @param effectiveRank {@code exp(-sum p ln p)} over {@code p = s^2 / sum s^2} (Roy and Vetterli
 *     2007): n for n directions of equal energy; 0 where there is none
 * @param half directions that hold half of it
 * @param most directions that hold 90 %
 * @param nearlyAll directions that hold 99 %
 */
public record Spectrum(double energy, double effectiveRank, int half, int most, int nearlyAll) {
  /** Equal energies add up to a little less than their share in double precision. */
  private static final double ROUNDING = 1e-9;

  /**
   * Of squared singular values.
   *
   * @param squares largest first, none negative
   */
  public static Spectrum of(double[] squares) {
    double energy = 0;
    for (double s : squares) {
      energy += s;
    }
    double entropy = 0;
    for (double s : squares) {
      double p = s / energy;
      entropy -= p > 0 ? p * Math.log(p) : 0;
    }
    return new Spectrum(
        energy,
        energy > 0 ? Math.exp(entropy) : 0,
        holding(squares, 0.5),
        holding(squares, 0.9),
        holding(squares, 0.99));
  }

  /** How many of the first hold a share of the whole; 0 where there is nothing to hold. */
  static int holding(double[] squares, double share) {
    double energy = 0;
    for (double s : squares) {
      energy += s;
    }
    double held = 0;
    int count = 0;
    while (count < squares.length && held < share * energy * (1 - ROUNDING)) {
      held += squares[count];
      count++;
    }
    return count;
  }
}
