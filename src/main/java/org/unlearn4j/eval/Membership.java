package org.unlearn4j.eval;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.Deflater;
import org.unlearn4j.lm.TokenScores;

/**
 * Was a text seen in training? Scores of one text each; a higher score means <em>less</em> likely
 * seen. {@link Statistics#rocAuc} over forget texts (negatives) and holdout texts (positives) turns
 * them into an attack's strength.
 */
public final class Membership {
  /** Keeps the z-scores of positions finite where the model puts all mass on one token. */
  private static final double LEAST_VARIANCE = 1e-6;

  private static final double GUARD = 1e-10;

  private Membership() {}

  /**
   * Min-K% (Shi et al., 2024): minus the mean of the lowest max(1, floor(k n)) log-probabilities.
   *
   * @param k share of tokens, 0.2 and 0.4 in the literature
   * @return 0 of no tokens
   */
  public static double minK(double[] logProbs, double k) {
    return -meanOfLowest(logProbs, k);
  }

  /** {@link #minK(double[], double)} of a row's labelled tokens. */
  public static double minK(TokenScores row, double k) {
    return minK(doubles(row.logProbs()), k);
  }

  /**
   * Min-K%++ (Zhang et al., 2024): Min-K% over z-scores, each token's log-probability less the mean
   * and over the standard deviation of the log-probability under the model's own distribution
   * there.
   *
   * @param mean {@code [token]}, sum over the vocabulary of p log p
   * @param variance {@code [token]}, sum of p (log p)^2 less mean^2
   */
  public static double minKPlusPlus(double[] logProbs, double[] mean, double[] variance, double k) {
    double[] z = new double[logProbs.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = (logProbs[i] - mean[i]) / Math.sqrt(Math.max(variance[i], LEAST_VARIANCE));
    }
    return -meanOfLowest(z, k);
  }

  /** {@link #minKPlusPlus(double[], double[], double[], double)} of a row's labelled tokens. */
  public static double minKPlusPlus(TokenScores row, double k) {
    return minKPlusPlus(
        doubles(row.logProbs()), doubles(row.meanLogProb()), doubles(row.varLogProb()), k);
  }

  /**
   * The loss itself, less what a model that never saw the text finds (Carlini et al., 2021): what
   * is low because the text is easy is low for both.
   *
   * @param avgNll average negative log-likelihood, nats a token
   * @param retainOnlyAvgNll the same under the retain-only model
   */
  public static double reference(double avgNll, double retainOnlyAvgNll) {
    return avgNll - retainOnlyAvgNll;
  }

  /**
   * Average loss over the size of the deflated text (Carlini et al., 2021).
   *
   * @param avgNll average negative log-likelihood, nats a token
   */
  public static double zlib(double avgNll, String text) {
    return avgNll / deflatedBytes(text);
  }

  /** Bytes of the zlib stream of the UTF-8 text, header and checksum included, default level. */
  public static int deflatedBytes(String text) {
    Deflater deflater = new Deflater();
    try {
      deflater.setInput(text.getBytes(StandardCharsets.UTF_8));
      deflater.finish();
      byte[] buffer = new byte[8192];
      int bytes = 0;
      while (!deflater.finished()) {
        bytes += deflater.deflate(buffer);
      }
      return bytes;
    } finally {
      deflater.end();
    }
  }

  /**
   * PrivLeak in percent (Shi et al., <i>MUSE</i>, 2024), in MUSE's orientation: negative is
   * under-unlearned, positive over-unlearned, 0 ideal.
   *
   * @param auc AUC of this model, holdout texts as positives
   * @param retainOnlyAuc the same of the model that never saw the forget set
   */
  public static double privLeak(double auc, double retainOnlyAuc) {
    return ((1 - auc) - (1 - retainOnlyAuc)) / (1 - retainOnlyAuc + GUARD) * 100;
  }

  /** Difference of two AUCs relative to the retain-only model's, in percent. */
  public static double relativeDifference(double auc, double retainOnlyAuc) {
    return (auc - retainOnlyAuc) / (retainOnlyAuc + GUARD) * 100;
  }

  private static double meanOfLowest(double[] values, double k) {
    if (values.length == 0) {
      return 0;
    }
    int used = Math.max(1, (int) (values.length * k));
    double[] sorted = values.clone();
    Arrays.sort(sorted); // NaN goes last: looked for apart, or it would be left out in silence
    return Double.isNaN(sorted[sorted.length - 1])
        ? Double.NaN
        : Statistics.mean(Arrays.copyOf(sorted, used));
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
