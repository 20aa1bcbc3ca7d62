package org.unlearn4j.eval;

import java.util.Optional;
import org.unlearn4j.base.Shard;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.RowGradients;

/**
 * A model that is measured, and what it is measured with.
 *
 * @param name the model's name in the result
 * @param retainOnly the evaluation of the model that never saw the forget set, by the same suite;
 *     without it metrics that need it are left out
 * @param judge the model before unlearning, whose perplexity generations are judged by
 * @param gradients of the same model, for the attack by gradient norms
 * @param journal what is known already, and where more is written down
 */
public record Subject(
    String name,
    LanguageModel model,
    Optional<EvaluationResult> retainOnly,
    Optional<LanguageModel> judge,
    Optional<RowGradients> gradients,
    ScoreJournal journal,
    Progress progress) {

  /** A model on its own. */
  public static Subject of(String name, LanguageModel model, Progress progress) {
    return new Subject(
        name,
        model,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        ScoreJournal.none(),
        progress);
  }

  /** Who asks the model. */
  Scorer scorer(int tokenBudget, Shard shard) {
    return new Scorer(model, tokenBudget, progress, journal, shard);
  }

  public Subject withRetainOnly(Optional<EvaluationResult> evaluation) {
    return new Subject(name, model, evaluation, judge, gradients, journal, progress);
  }

  public Subject withJudge(Optional<LanguageModel> other) {
    return new Subject(name, model, retainOnly, other, gradients, journal, progress);
  }

  public Subject withGradients(Optional<RowGradients> other) {
    return new Subject(name, model, retainOnly, judge, other, journal, progress);
  }

  public Subject withJournal(ScoreJournal other) {
    return new Subject(name, model, retainOnly, judge, gradients, other, progress);
  }
}
