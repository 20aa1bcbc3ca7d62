package org.unlearn4j.run;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * How likely a model finds rows.
 *
 * @param rowNll summed negative log-likelihood of each row's labelled tokens, nats
 * @param meanNll mean over all labelled tokens, nats
 * @param prob mean of the rows' probabilities {@code exp(-nll_i / n_i)}
 */
@SuppressWarnings("ArrayRecordComponent") // used within a run only
record Likelihood(double[] rowNll, double meanNll, double prob) {
  /**
   * Below it a model hardly knows the rows to forget. The embedded models that never saw Fable's
   * answers give them 0.17, because answers of one kind look alike, and those taught them 0.998.
   */
  private static final double KNOWN = 0.2;

  /** A warning where the model before unlearning does not seem to know what it shall forget. */
  Optional<String> unknown() {
    return prob < KNOWN
        ? Optional.of(
            String.format(
                Locale.ROOT,
                "unlearn: warning: the model gives the answers to forget a probability of %.3f a"
                    + " token, so it hardly seems to know them; there may be nothing to forget, and"
                    + " then the gate rebound fails. Ask the model first (unlearn4j generate), and"
                    + " check data.template.",
                prob))
        : Optional.empty();
  }

  /**
   * Measures it.
   *
   * @param what the progress bar says
   */
  static Likelihood of(LanguageModel model, List<TokenRow> rows, int tokenBudget, String what) {
    List<TokenScores> scores = scores(model, rows, tokenBudget, what);
    double[] nll = new double[rows.size()];
    double sum = 0;
    double prob = 0;
    long tokens = 0;
    for (int i = 0; i < nll.length; i++) {
      TokenScores s = scores.get(i);
      nll[i] = s.nll();
      sum += nll[i];
      tokens += s.tokens();
      prob += Math.exp(-nll[i] / s.tokens()) / nll.length;
    }
    return new Likelihood(nll, sum / tokens, prob);
  }

  /**
   * What a model says of rows, in their order.
   *
   * @param what the progress bar says
   */
  static List<TokenScores> scores(
      LanguageModel model, List<TokenRow> rows, int tokenBudget, String what) {
    try (Bars bars = new Bars(what)) {
      Map<TokenRow, TokenScores> scores = new Scorer(model, tokenBudget, bars).score(rows);
      return rows.stream().map(scores::get).toList();
    }
  }

  /**
   * Holds the forget set's mean NLL before and after against each other.
   *
   * @throws MachineException if it is the same, or no finite number: such weights are no model
   */
  static void requireMoved(double before, double after) {
    if (!Double.isFinite(before) || !Double.isFinite(after)) {
      throw new MachineException(
          "The forget set's mean NLL: found "
              + before
              + " before and "
              + after
              + " after, expected finite numbers; a lower learning rate may help.");
    }
    if (before == after) {
      throw new MachineException(
          "The run moved nothing: the forget set's mean NLL is "
              + after
              + " before and after; is the learning rate 0?");
    }
  }
}
