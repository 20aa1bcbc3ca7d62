package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/** What all suites do alike while they measure one model. */
final class SuiteRun {
  /** N-grams of which generations are said to repeat themselves. */
  private static final int REPETITION = 4;

  private final String suite;
  private final Subject subject;
  private final int tokenBudget;
  private final long start = System.nanoTime();
  final Scorer scorer;
  final Optional<RetainOnly> retainOnly;

  /**
   * Begins, after checks that must not wait until the long part is over.
   *
   * @throws UserException if the retain-only evaluation is of another suite, or missing where a
   *     required metric needs it
   */
  SuiteRun(String suite, Subject subject, int tokenBudget, Set<String> required) {
    this.suite = suite;
    this.subject = subject;
    this.tokenBudget = tokenBudget;
    this.scorer = subject.scorer(tokenBudget, Shard.WHOLE);
    this.retainOnly = RetainOnly.of(subject.retainOnly());
    retainOnly.ifPresent(r -> r.requireSuite(suite));
    for (String name : required) {
      if (retainOnly.isEmpty()
          && MetricInfo.of(name).map(MetricInfo::needsReference).orElse(false)) {
        throw new UserException(
            "metric "
                + name
                + ": found no evaluation of the retain-only model, expected one to measure"
                + " against.");
      }
    }
  }

  /** Adds to the rows of two sets what attacks need beyond their scores, in place. */
  void attack(Map<String, List<RowResult>> perRow, EvalSet forget, EvalSet holdout) {
    for (EvalSet set : List.of(forget, holdout)) {
      List<RowResult> rows = perRow.get(set.name());
      rows = MembershipRows.withReference(set.name(), rows, retainOnly);
      perRow.put(set.name(), withGradients(set, rows));
    }
  }

  private List<RowResult> withGradients(EvalSet set, List<RowResult> rows) {
    if (subject.gradients().isEmpty()) {
      return rows;
    }
    double[] norms = scorer.gradientNorms(answers(set), subject.gradients().get());
    List<RowResult> with = new ArrayList<>();
    for (int i = 0; i < norms.length; i++) {
      with.add(rows.get(i).with(MembershipAttack.GRADNORM.value(), norms[i]));
    }
    return List.copyOf(with);
  }

  private static List<TokenRow> answers(EvalSet set) {
    return set.items().stream().map(EvalItem::answerRow).toList();
  }

  /** Asks for what {@link #attack} needs of the model. */
  static void askGradients(Subject subject, Scorer scorer, EvalSet forget, EvalSet holdout) {
    subject
        .gradients()
        .ifPresent(
            gradients -> {
              for (EvalSet set : List.of(forget, holdout)) {
                double[] ignored = scorer.gradientNorms(answers(set), gradients);
              }
            });
  }

  /** {@link Fluency} of generations, by metric name. */
  Map<String, Double> fluency(List<int[]> prompts, List<int[]> generations) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    List<TokenRow> said = new ArrayList<>();
    for (int i = 0; i < generations.size(); i++) {
      if (generations.get(i).length > 0) {
        said.add(TokenRow.answered(prompts.get(i), generations.get(i)));
      }
    }
    if (said.isEmpty()) {
      return metrics;
    }
    subject
        .judge()
        .ifPresent(
            judge -> {
              Map<TokenRow, TokenScores> scores =
                  new Scorer(judge, tokenBudget, judging()).score(said);
              metrics.put(
                  Metric.FLUENCY_PERPLEXITY.key(),
                  Fluency.perplexity(
                      said.stream().mapToDouble(r -> scores.get(r).nll()).sum(),
                      said.stream().mapToLong(r -> scores.get(r).tokens()).sum()));
            });
    distinct(Metric.FLUENCY_DISTINCT_1, generations, 1, metrics);
    distinct(Metric.FLUENCY_DISTINCT_2, generations, 2, metrics);
    metrics.put(
        Metric.FLUENCY_REPETITION.key(),
        Statistics.mean(
            generations.stream().mapToDouble(g -> Fluency.repetition(g, REPETITION)).toArray()));
    return metrics;
  }

  private static void distinct(
      Metric metric, List<int[]> generations, int n, Map<String, Double> metrics) {
    double distinct = Fluency.distinct(generations, n);
    if (!Double.isNaN(distinct)) {
      metrics.put(metric.key(), distinct);
    }
  }

  /** The judge scores too, but it is another model. */
  private Progress judging() {
    return new Progress() {
      @Override
      public void begin(String stage, int done, int total) {
        subject.progress().begin("judge", done, total);
      }

      @Override
      public void update(String stage, int done, int total) {
        subject.progress().update("judge", done, total);
      }

      @Override
      public void update(String stage, int done, int total, double share) {
        subject.progress().update("judge", done, total, share);
      }
    };
  }

  /**
   * The end.
   *
   * @throws UserException if a required metric is missing
   */
  EvaluationResult result(
      Map<String, Double> metrics, Map<String, List<RowResult>> perRow, Set<String> required) {
    for (String name : required) {
      if (!metrics.containsKey(name)) {
        throw new UserException(
            "metric "
                + name
                + ": found no data that it can be computed from, expected one of "
                + metrics.keySet()
                + ".");
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    return new EvaluationResult(
        new EvaluationResult.Measured(subject.name(), subject.model().runtime()),
        new EvaluationResult.Scores(suite, metrics, perRow),
        EvaluationResult.Features.NONE,
        new EvaluationResult.Timing(seconds, scorer.tokens() / seconds));
  }
}
