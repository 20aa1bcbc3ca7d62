package org.unlearn4j.run;

import java.util.List;
import java.util.Map;
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
    try (EvaluateStage.Bars bars = new EvaluateStage.Bars(what)) {
      Map<TokenRow, TokenScores> scores = new Scorer(model, tokenBudget, bars).score(rows);
      return rows.stream().map(scores::get).toList();
    }
  }
}
