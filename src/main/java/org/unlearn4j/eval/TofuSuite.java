package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * TOFU's measurements (Maini et al., 2024) in the conventions of open-unlearning, for any data of
 * its shape: a forget set, a retain set and sets of general knowledge.
 *
 * <p>A metric is in the result exactly if its inputs are there: truth ratios need wrong answers for
 * every row of a set, model utility needs all three parts of every set that is to be kept, forget
 * quality needs the retain-only model's evaluation. Asking for a metric whose inputs are missing is
 * an error.
 */
public final class TofuSuite implements Suite {
  /** A row's probability of the right answer beside the wrong ones, of general knowledge. */
  static final String PROB_OPTIONS = "prob_options";

  static final double GUARD = TruthRatio.OPEN_UNLEARNING_GUARD;

  private final List<EvalSet> sets;
  private final Settings settings;
  private final Function<int[], String> decoder;

  /**
   * How to measure.
   *
   * @param suite the suite's name in results
   * @param tokenBudget most tokens in a batch, padding included
   * @param maxNewTokens longest generation
   * @param stop tokens that end a generation
   * @param generated roles of the sets whose questions are answered; metrics that need the answers
   *     of another set are left out
   * @param refusals sentences that are known to refuse
   */
  public record Settings(
      String suite,
      int tokenBudget,
      int maxNewTokens,
      Set<Integer> stop,
      Set<EvalSet.Role> generated,
      List<String> refusals) {
    public Settings {
      refusals = List.copyOf(refusals);
      stop = Set.copyOf(stop);
      generated = Set.copyOf(generated);
    }

    /** Knows the usual refusals. */
    public Settings(
        String suite,
        int tokenBudget,
        int maxNewTokens,
        Set<Integer> stop,
        Set<EvalSet.Role> generated) {
      this(suite, tokenBudget, maxNewTokens, stop, generated, List.of());
    }

    /** Generates for every set that has such metrics, and knows the usual refusals. */
    public Settings(String suite, int tokenBudget, int maxNewTokens, Set<Integer> stop) {
      this(suite, tokenBudget, maxNewTokens, stop, EvalSet.Role.GENERATED);
    }
  }

  /**
   * A suite over some sets.
   *
   * @param decoder text of generated tokens
   * @throws UserException if there is not exactly one forget set, if names repeat, or if an answer
   *     has no token
   */
  public TofuSuite(List<EvalSet> sets, Settings settings, Function<int[], String> decoder) {
    this.sets = List.copyOf(sets);
    this.settings = settings;
    this.decoder = decoder;
    long forget = sets.stream().filter(s -> s.role() == EvalSet.Role.FORGET).count();
    if (forget != 1 || sets.stream().map(EvalSet::name).distinct().count() != sets.size()) {
      throw new UserException(
          "evaluation sets: found "
              + sets.stream().map(EvalSet::name).toList()
              + " with "
              + forget
              + " forget sets, expected different names and one forget set.");
    }
    sets.forEach(TofuSuite::checkTokens);
  }

  /** {@link #evaluate(Subject, Set)} without what is optional. */
  public EvaluationResult evaluate(
      String name,
      LanguageModel model,
      Optional<EvaluationResult> retainOnly,
      Set<String> required,
      Progress progress) {
    return evaluate(Subject.of(name, model, progress).withRetainOnly(retainOnly), required);
  }

  @Override
  public List<EvalSet> sets() {
    return sets;
  }

  @Override
  public List<TokenRow> rows(EvalSet.Role role) {
    return Suite.rows(sets, role);
  }

  @Override
  public EvaluationResult evaluate(Subject subject, Set<String> required) {
    SuiteRun run = new SuiteRun(settings.suite, subject, settings.tokenBudget, required);
    Map<TokenRow, TokenScores> scores = score(run.scorer);
    List<int[]> prompts = prompts();
    List<int[]> generations = generate(run.scorer);
    Map<String, List<RowResult>> perRow = new LinkedHashMap<>();
    Map<String, Double> fluency = new LinkedHashMap<>();
    int next = 0;
    for (EvalSet set : sets) {
      int from = next;
      List<RowResult> results = new ArrayList<>();
      for (EvalItem item : set.items()) {
        Optional<String> generation =
            generates(set)
                ? Optional.of(decoder.apply(said(item, generations.get(next++))))
                : Optional.empty();
        results.add(row(set, item, scores, generation));
      }
      perRow.put(set.name(), List.copyOf(results));
      if (set.role() == EvalSet.Role.FORGET) {
        fluency = run.fluency(prompts.subList(from, next), generations.subList(from, next));
      }
    }
    EvalSet forget = only(EvalSet.Role.FORGET).orElseThrow();
    Optional<EvalSet> holdout = only(EvalSet.Role.HOLDOUT);
    holdout.ifPresent(h -> run.attack(perRow, forget, h));
    Map<String, Double> metrics = TofuAggregates.of(sets, perRow, run.retainOnly);
    holdout.ifPresent(
        h ->
            metrics.putAll(
                MembershipRows.metrics(forget.name(), h.name(), perRow, run.retainOnly)));
    metrics.putAll(fluency);
    refusals(perRow).ifPresent(v -> metrics.put(Metric.FLUENCY_REFUSALS.key(), v));
    return run.result(metrics, perRow, required);
  }

  @Override
  public Scorer ask(Subject subject, Shard shard) {
    Scorer scorer = subject.scorer(settings.tokenBudget, shard);
    score(scorer);
    generate(scorer);
    only(EvalSet.Role.HOLDOUT)
        .ifPresent(
            holdout ->
                SuiteRun.askGradients(
                    subject, scorer, only(EvalSet.Role.FORGET).orElseThrow(), holdout));
    return scorer;
  }

  private Map<TokenRow, TokenScores> score(Scorer scorer) {
    return scorer.score(sets.stream().flatMap(TofuSuite::rows).toList());
  }

  private List<int[]> generate(Scorer scorer) {
    return scorer.generate(prompts(), settings.maxNewTokens, settings.stop);
  }

  private List<int[]> prompts() {
    return sets.stream()
        .filter(this::generates)
        .flatMap(s -> s.items().stream())
        .map(EvalItem::prompt)
        .toList();
  }

  /** A data set may ask for what nobody knows; a refusal is right there. */
  private OptionalDouble refusals(Map<String, List<RowResult>> perRow) {
    Refusing refusing = new Refusing(settings.refusals);
    return sets.stream()
        .filter(s -> s.role() == EvalSet.Role.RETAIN || s.role() == EvalSet.Role.GENERAL)
        .filter(this::generates)
        .flatMap(s -> perRow.get(s.name()).stream())
        .filter(r -> !refusing.refuses(r.answer()))
        .mapToDouble(r -> refusing.refuses(r.generation()) ? 1 : 0)
        .average();
  }

  private Optional<EvalSet> only(EvalSet.Role role) {
    return sets.stream().filter(s -> s.role() == role).findFirst();
  }

  private boolean generates(EvalSet set) {
    return settings.generated.contains(set.role());
  }

  private static Stream<TokenRow> rows(EvalSet set) {
    return set.role() == EvalSet.Role.HOLDOUT
        ? set.items().stream().map(EvalItem::answerRow)
        : set.items().stream().flatMap(TofuSuite::rows);
  }

  private static Stream<TokenRow> rows(EvalItem item) {
    return Stream.of(
            Stream.of(item.answerRow()), item.paraphrase().stream(), item.perturbed().stream())
        .flatMap(Function.identity());
  }

  private static void checkTokens(EvalSet set) {
    for (EvalItem item : set.items()) {
      if (rows(item).anyMatch(row -> row.labelled() == 0)) {
        throw new UserException(
            set.name()
                + ", row "
                + item.index()
                + ": found an answer without a token, expected at least one (is the question longer"
                + " than the maximum length?).");
      }
    }
  }

  private static RowResult row(
      EvalSet set, EvalItem item, Map<TokenRow, TokenScores> scores, Optional<String> generation) {
    TokenScores answer = scores.get(item.answerRow());
    double avgNll = answer.avgNll();
    double prob = Math.exp(-avgNll);
    boolean ranked = set.role() != EvalSet.Role.HOLDOUT; // nobody asks how it ranks wrong answers
    double[] wrong =
        item.perturbed().stream()
            .filter(r -> ranked)
            .mapToDouble(r -> scores.get(r).avgNll())
            .toArray();
    Map<String, Double> values = new LinkedHashMap<>();
    values.put(SetMetric.PROB.value(), prob);
    values.put("avg_nll", avgNll);
    if (set.role() == EvalSet.Role.FORGET || set.role() == EvalSet.Role.HOLDOUT) {
      values.putAll(MembershipRows.values(answer, item.answer()));
    }
    generation.ifPresent(
        g -> values.put(SetMetric.ROUGE.value(), Rouge.rougeL(item.answer(), g).recall()));
    if (wrong.length > 0) {
      double right = item.paraphrase().map(r -> scores.get(r).avgNll()).orElse(avgNll);
      if (set.role() == EvalSet.Role.GENERAL) {
        double[] options = Arrays.stream(wrong).map(nll -> Math.exp(-nll)).toArray();
        values.put(PROB_OPTIONS, Probability.withOptions(prob, options, GUARD));
      }
      values.put(
          SetMetric.TRUTH_RATIO.value(),
          TruthRatio.of(right, wrong, TruthRatio.Form.GEOMETRIC, GUARD));
      values.put(
          SetMetric.TRUTH_RATIO_ARITHMETIC.value(),
          TruthRatio.of(right, wrong, TruthRatio.Form.ARITHMETIC, GUARD));
    }
    if (item.kind() == EvalItem.Kind.CONTINUATION) {
      generation.ifPresent(g -> values.putAll(verbatim(item.answer(), g)));
    }
    int[] argmax = item.ended() ? withoutEnd(answer.argmax()) : answer.argmax();
    int[] labels = item.ended() ? withoutEnd(answer.labels()) : answer.labels();
    values.put(Metric.EXTRACTION_STRENGTH.key(), Memorization.extractionStrength(argmax, labels));
    Memorization.exactMemorization(argmax, labels)
        .ifPresent(share -> values.put(Metric.EXACT_MEMORIZATION.key(), share));
    return new RowResult(
        item.index(), item.question(), item.answer(), generation.orElse(""), values);
  }

  /** How a text goes on is compared as far as the text goes. */
  private static int[] said(EvalItem item, int[] generation) {
    int most = item.ended() ? generation.length : item.answerRow().labelled();
    return Arrays.copyOf(generation, Math.min(generation.length, most));
  }

  /** What of a passage is known word for word, as MUSE measures it, and in one piece. */
  private static Map<String, Double> verbatim(String passage, String generation) {
    return Map.of(
        Metric.VERBMEM.key(),
        Rouge.rougeL(passage, generation).f1(),
        Metric.LONGEST_COMMON_SUBSTRING.key(),
        Rouge.longestCommonSubstring(passage, generation));
  }

  /** The last label is the end of the text. */
  private static int[] withoutEnd(int[] tokens) {
    return Arrays.copyOf(tokens, tokens.length - 1);
  }
}
