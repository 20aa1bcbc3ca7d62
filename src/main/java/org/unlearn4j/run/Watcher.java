package org.unlearn4j.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.Spread;
import org.unlearn4j.config.WatchSettings;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.RocCurve;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;
import org.unlearn4j.train.Watch;

/**
 * What is seen of a model while it unlearns, on a sample of each set: {@code forget_prob} and
 * {@code retain_prob}, means of {@code exp(-nll_i / n_i)}; with rows about strangers also {@code
 * strangers_prob}, and {@code mia_loss_auc}, how well likelihood alone tells the rows to forget
 * from them: 1 for a model that knows the first, 0.5 for one that cannot tell, less for one that
 * finds them less likely than what it never saw.
 *
 * <p>No row of an evaluation is read but the rows to forget and to retain, which training reads.
 */
final class Watcher {
  private final LanguageModel model;
  private final int tokenBudget;
  private final Map<String, List<TokenRow>> sets = new LinkedHashMap<>();

  /**
   * A watcher.
   *
   * @param model that learns
   * @param strangers may be empty
   */
  Watcher(
      LanguageModel model,
      int tokenBudget,
      int most,
      List<TokenRow> forget,
      List<TokenRow> retain,
      List<TokenRow> strangers) {
    this.model = model;
    this.tokenBudget = tokenBudget;
    sets.put("forget", Spread.of(forget, most));
    sets.put("retain", Spread.of(retain, most));
    if (!strangers.isEmpty()) {
      sets.put("strangers", Spread.of(strangers, most));
    }
  }

  /** As often as the settings say. */
  Watch every(WatchSettings settings) {
    return new Watch(settings.epochs(), this::measure);
  }

  /** Measures now. */
  Map<String, Double> measure() {
    List<TokenRow> all = sets.values().stream().flatMap(List::stream).toList();
    Map<TokenRow, TokenScores> scores = new Scorer(model, tokenBudget, Progress.NONE).score(all);
    Map<String, double[]> nats = new LinkedHashMap<>();
    Map<String, Double> seen = new LinkedHashMap<>();
    sets.forEach(
        (name, rows) -> {
          double[] perToken =
              rows.stream().map(scores::get).mapToDouble(TokenScores::avgNll).toArray();
          nats.put(name, perToken);
          double sum = 0;
          for (double n : perToken) {
            sum += Math.exp(-n);
          }
          seen.put(name + "_prob", sum / perToken.length);
        });
    if (nats.containsKey("strangers")) {
      seen.put("mia_loss_auc", RocCurve.ofAttack(nats.get("forget"), nats.get("strangers")).auc());
    }
    return seen;
  }
}
