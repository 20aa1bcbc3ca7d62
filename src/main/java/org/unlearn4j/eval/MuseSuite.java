package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * MUSE's measurements (Shi et al., 2024): what of passages is still known by heart (VerbMem), what
 * is still known of their content (KnowMem), whether it can be told that they were seen (PrivLeak),
 * and what is still known of other passages (utility). Published tables give ROUGE times 100; here
 * it is a share like every other metric.
 */
public final class MuseSuite implements Suite {
  /** Where an answer ends that does not know to end: a blank line, or the next question. */
  private static final Pattern END_OF_ANSWER = Pattern.compile("\n\\s*\n|Question");

  private static final String HOLDOUT = "holdout";

  private final Parts parts;
  private final Settings settings;
  private final Function<int[], String> decoder;

  /**
   * What is measured. Sets may be empty; their metrics are then left out.
   *
   * @param verbatim beginnings of forget passages, and how they go on
   * @param knowForget questions about forget passages; prompts hold the in-context examples
   * @param knowRetain questions about passages that are to be kept
   * @param forget passages as a whole that are to be forgotten: members
   * @param retain passages that are to be kept
   * @param holdout passages that no model saw: non-members
   */
  public record Parts(
      List<EvalItem> verbatim,
      List<EvalItem> knowForget,
      List<EvalItem> knowRetain,
      List<EvalItem> forget,
      List<EvalItem> retain,
      List<EvalItem> holdout) {

    /** The parts as sets, under the names that they have in results. */
    List<EvalSet> sets() {
      return List.of(
          new EvalSet(Metric.VERBMEM.key(), EvalSet.Role.FORGET, verbatim),
          new EvalSet(Metric.KNOWMEM_FORGET.key(), EvalSet.Role.FORGET, knowForget),
          new EvalSet(Metric.KNOWMEM_RETAIN.key(), EvalSet.Role.RETAIN, knowRetain),
          new EvalSet("forget", EvalSet.Role.FORGET, forget),
          new EvalSet("retain", EvalSet.Role.RETAIN, retain),
          new EvalSet(HOLDOUT, EvalSet.Role.HOLDOUT, holdout));
    }
  }

  /**
   * How to measure.
   *
   * @param tokenBudget most tokens in a batch, padding included
   * @param verbatimTokens most tokens of a continued passage
   * @param answerTokens most tokens of an answer
   * @param stop tokens that end a generation
   */
  public record Settings(int tokenBudget, int verbatimTokens, int answerTokens, Set<Integer> stop) {
    public Settings {
      stop = Set.copyOf(stop);
    }
  }

  /**
   * A suite over some parts.
   *
   * @param decoder text of generated tokens
   * @throws UserException if there is nothing to forget, or a row without a labelled token
   */
  public MuseSuite(Parts parts, Settings settings, Function<int[], String> decoder) {
    this.parts = parts;
    this.settings = settings;
    this.decoder = decoder;
    if (parts.verbatim.isEmpty() && parts.knowForget.isEmpty() && parts.forget.isEmpty()) {
      throw new UserException(
          "evaluation sets: found nothing to forget, expected verbatim passages, questions about"
              + " them, or the passages themselves.");
    }
    for (EvalSet set : parts.sets()) {
      for (EvalItem item : set.items()) {
        if (item.answerRow().labelled() == 0) {
          throw new UserException(
              set.name()
                  + ", row "
                  + item.index()
                  + ": found a text without a token to score, expected at least one.");
        }
      }
    }
  }

  @Override
  public List<EvalSet> sets() {
    return parts.sets().stream().filter(s -> !s.items().isEmpty()).toList();
  }

  @Override
  public List<TokenRow> rows(EvalSet.Role role) {
    return Suite.rows(parts.sets(), role);
  }

  @Override
  public EvaluationResult evaluate(Subject subject, Set<String> required) {
    SuiteRun run = new SuiteRun("muse", subject, settings.tokenBudget, required);
    Map<TokenRow, TokenScores> scores = score(run.scorer);
    Map<String, List<RowResult>> perRow = new LinkedHashMap<>();
    Map<String, Double> metrics = new LinkedHashMap<>();
    List<EvalSet> sets = sets();
    for (EvalSet set : sets) {
      List<RowResult> rows = rows(run, set, scores, metrics);
      perRow.put(set.name(), rows);
      metrics.putAll(aggregates(set.name(), rows));
    }
    Optional<EvalSet> forget = named(sets, "forget");
    Optional<EvalSet> holdout = named(sets, HOLDOUT);
    if (forget.isPresent() && holdout.isPresent()) {
      run.attack(perRow, forget.get(), holdout.get());
      metrics.putAll(MembershipRows.metrics("forget", HOLDOUT, perRow, run.retainOnly));
    }
    return run.result(metrics, perRow, required);
  }

  @Override
  public Scorer ask(Subject subject, Shard shard) {
    Scorer scorer = subject.scorer(settings.tokenBudget, shard);
    score(scorer);
    List<EvalSet> sets = sets();
    for (EvalSet set : sets) {
      if (Metric.VERBMEM.is(set.name()) || answered(set.name())) {
        generate(scorer, set);
      }
    }
    Optional<EvalSet> forget = named(sets, "forget");
    Optional<EvalSet> holdout = named(sets, HOLDOUT);
    if (forget.isPresent() && holdout.isPresent()) {
      SuiteRun.askGradients(subject, scorer, forget.get(), holdout.get());
    }
    return scorer;
  }

  private Map<TokenRow, TokenScores> score(Scorer scorer) {
    return scorer.score(
        Stream.of(parts.verbatim, parts.forget, parts.retain, parts.holdout)
            .flatMap(List::stream)
            .map(EvalItem::answerRow)
            .toList());
  }

  private List<int[]> generate(Scorer scorer, EvalSet set) {
    return scorer.generate(
        set.items().stream().map(EvalItem::prompt).toList(),
        Metric.VERBMEM.is(set.name()) ? settings.verbatimTokens : settings.answerTokens,
        settings.stop);
  }

  private List<RowResult> rows(
      SuiteRun run, EvalSet set, Map<TokenRow, TokenScores> scores, Map<String, Double> metrics) {
    if (Metric.VERBMEM.is(set.name())) {
      return verbatim(run, set, scores, metrics);
    }
    return answered(set.name()) ? answers(run, set) : passages(set.items(), scores);
  }

  /** Whether a set is of questions, whose recall is a metric under the set's name. */
  private static boolean answered(String set) {
    return Metric.KNOWMEM_FORGET.is(set) || Metric.KNOWMEM_RETAIN.is(set);
  }

  private static Optional<EvalSet> named(List<EvalSet> sets, String name) {
    return sets.stream().filter(s -> s.name().equals(name)).findFirst();
  }

  private List<RowResult> verbatim(
      SuiteRun run, EvalSet set, Map<TokenRow, TokenScores> scores, Map<String, Double> metrics) {
    List<int[]> prompts = set.items().stream().map(EvalItem::prompt).toList();
    List<int[]> said = generate(run.scorer, set);
    metrics.putAll(run.fluency(prompts, said));
    List<RowResult> rows = new ArrayList<>();
    for (EvalItem item : set.items()) {
      String generation = decoder.apply(said.get(rows.size()));
      TokenScores s = scores.get(item.answerRow());
      Map<String, Double> values = new LinkedHashMap<>();
      values.put(SetMetric.PROB.value(), Probability.of(s.nll(), s.tokens()));
      values.put(SetMetric.ROUGE.value(), Rouge.rougeL(item.answer(), generation).f1());
      values.put(
          Metric.EXTRACTION_STRENGTH.key(),
          Memorization.extractionStrength(s.argmax(), s.labels()));
      Memorization.exactMemorization(s.argmax(), s.labels())
          .ifPresent(share -> values.put(Metric.EXACT_MEMORIZATION.key(), share));
      rows.add(new RowResult(item.index(), item.question(), item.answer(), generation, values));
    }
    return List.copyOf(rows);
  }

  private List<RowResult> answers(SuiteRun run, EvalSet set) {
    List<int[]> said = generate(run.scorer, set);
    List<RowResult> rows = new ArrayList<>();
    for (EvalItem item : set.items()) {
      String generation = answer(decoder.apply(said.get(rows.size())));
      Map<String, Double> values =
          Map.of(SetMetric.ROUGE.value(), Rouge.rougeL(item.answer(), generation).recall());
      rows.add(new RowResult(item.index(), item.question(), item.answer(), generation, values));
    }
    return List.copyOf(rows);
  }

  /** A generation up to where the next thing begins that is no answer. */
  static String answer(String generation) {
    Matcher end = END_OF_ANSWER.matcher(generation);
    return end.find() ? generation.substring(0, end.start()) : generation;
  }

  private static List<RowResult> passages(List<EvalItem> items, Map<TokenRow, TokenScores> scores) {
    List<RowResult> rows = new ArrayList<>();
    for (EvalItem item : items) {
      TokenScores s = scores.get(item.answerRow());
      Map<String, Double> values = new LinkedHashMap<>();
      values.put(SetMetric.PROB.value(), Probability.of(s.nll(), s.tokens()));
      values.putAll(MembershipRows.values(s, item.answer()));
      rows.add(new RowResult(item.index(), item.question(), item.answer(), "", values));
    }
    return List.copyOf(rows);
  }

  private static Map<String, Double> aggregates(String set, List<RowResult> rows) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    if (Metric.VERBMEM.is(set)) {
      metrics.put(set, mean(rows, SetMetric.ROUGE.value()));
      metrics.put(SetMetric.PROB.of(set), mean(rows, SetMetric.PROB.value()));
      for (Metric metric : List.of(Metric.EXTRACTION_STRENGTH, Metric.EXACT_MEMORIZATION)) {
        metrics.put(metric.key(), mean(rows, metric.key()));
      }
    } else if (answered(set)) {
      metrics.put(set, mean(rows, SetMetric.ROUGE.value()));
      if (Metric.KNOWMEM_RETAIN.is(set)) { // MUSE's utility is this alone
        metrics.put(Metric.MODEL_UTILITY.key(), metrics.get(set));
      }
    } else if (!set.equals(HOLDOUT)) { // non-members: nothing was to be forgotten or kept
      metrics.put(SetMetric.PROB.of(set), mean(rows, SetMetric.PROB.value()));
    }
    return metrics;
  }

  private static double mean(List<RowResult> rows, String name) {
    return Statistics.mean(
        rows.stream().mapToDouble(r -> r.value(name).orElse(Double.NaN)).toArray());
  }
}
