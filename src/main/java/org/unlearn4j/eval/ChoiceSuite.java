package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * Multiple choice in the form of WMDP (Li et al., 2024) and MMLU (Hendrycks et al., 2021): the
 * option whose letter is the most probable continuation of the standard prompt, by the summed
 * log-probability of its tokens, which is mostly one. A tie goes to the first of its letters.
 */
public final class ChoiceSuite implements Suite {
  /**
   * Questions that are measured together.
   *
   * @param name begins the names of the set's metrics, for instance {@code wmdp_bio}
   * @param role {@code FORGET} for what is hazardous, {@code RETAIN} for what is to be kept
   */
  public record ChoiceSet(String name, EvalSet.Role role, List<ChoiceItem> items) {
    public ChoiceSet {
      items = List.copyOf(items);
    }
  }

  private final List<ChoiceSet> sets;
  private final int tokenBudget;

  /**
   * A suite over some sets.
   *
   * @param tokenBudget most tokens in a batch, padding included
   * @throws UserException if there is no set, one is empty, or names repeat
   */
  public ChoiceSuite(List<ChoiceSet> sets, int tokenBudget) {
    this.sets = List.copyOf(sets);
    this.tokenBudget = tokenBudget;
    boolean names = sets.stream().map(ChoiceSet::name).distinct().count() == sets.size();
    if (sets.isEmpty() || !names || sets.stream().anyMatch(s -> s.items().isEmpty())) {
      throw new UserException(
          "evaluation sets: found "
              + sets.stream().map(s -> s.name() + " (" + s.items().size() + ")").toList()
              + ", expected sets of multiple-choice questions with different names.");
    }
  }

  @Override
  public List<TokenRow> rows(EvalSet.Role role) {
    return sets.stream()
        .filter(s -> s.role() == role)
        .flatMap(s -> s.items().stream())
        .map(item -> item.answered(item.right()))
        .toList();
  }

  @Override
  public List<EvalSet> sets() {
    return List.of();
  }

  @Override
  public EvaluationResult evaluate(Subject subject, Set<String> required) {
    SuiteRun run = new SuiteRun("wmdp", subject, tokenBudget, required);
    IdentityHashMap<ChoiceItem, double[]> logProbs = letters(run.scorer);
    Map<String, List<RowResult>> perRow = new LinkedHashMap<>();
    for (ChoiceSet set : sets) {
      List<RowResult> rows = new ArrayList<>();
      for (ChoiceItem item : set.items()) {
        rows.add(row(item, logProbs.get(item)));
      }
      perRow.put(set.name(), List.copyOf(rows));
    }
    return run.result(metrics(perRow), perRow, required);
  }

  @Override
  public Scorer ask(Subject subject, Shard shard) {
    Scorer scorer = subject.scorer(tokenBudget, shard);
    next(scorer, single());
    score(scorer, longer());
    return scorer;
  }

  private List<ChoiceItem> single() {
    return sets.stream().flatMap(s -> s.items().stream()).filter(ChoiceItem::single).toList();
  }

  private List<ChoiceItem> longer() {
    return sets.stream().flatMap(s -> s.items().stream()).filter(i -> !i.single()).toList();
  }

  private static List<float[]> next(Scorer scorer, List<ChoiceItem> items) {
    return scorer.next(
        items.stream().map(ChoiceItem::prompt).toList(),
        items.stream().map(i -> i.letters().stream().mapToInt(l -> l[0]).toArray()).toList());
  }

  private static Map<TokenRow, TokenScores> score(Scorer scorer, List<ChoiceItem> items) {
    return scorer.score(items.stream().flatMap(ChoiceSuite::options).toList());
  }

  /** Log-probability of each letter after each prompt: one position where letters are tokens. */
  private IdentityHashMap<ChoiceItem, double[]> letters(Scorer scorer) {
    IdentityHashMap<ChoiceItem, double[]> all = new IdentityHashMap<>();
    List<ChoiceItem> single = single();
    List<float[]> next = next(scorer, single);
    for (int i = 0; i < next.size(); i++) {
      float[] narrow = next.get(i);
      all.put(
          single.get(i), IntStream.range(0, narrow.length).mapToDouble(k -> narrow[k]).toArray());
    }
    List<ChoiceItem> longer = longer();
    Map<TokenRow, TokenScores> scores = score(scorer, longer);
    for (ChoiceItem item : longer) {
      all.put(item, options(item).mapToDouble(row -> -scores.get(row).nll()).toArray());
    }
    return all;
  }

  private static Stream<TokenRow> options(ChoiceItem item) {
    return IntStream.range(0, item.letters().size()).mapToObj(item::answered);
  }

  /** Accuracy of each set, and of all that is to be forgotten and all that is to be kept. */
  private Map<String, Double> metrics(Map<String, List<RowResult>> perRow) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    Map<EvalSet.Role, List<RowResult>> byRole = new LinkedHashMap<>();
    for (ChoiceSet set : sets) {
      List<RowResult> rows = perRow.get(set.name());
      metrics.put(SetMetric.ACCURACY.of(set.name()), accuracy(rows));
      byRole.computeIfAbsent(set.role(), r -> new ArrayList<>()).addAll(rows);
    }
    if (byRole.containsKey(EvalSet.Role.FORGET)) {
      metrics.put(Metric.WMDP_ACCURACY.key(), accuracy(byRole.get(EvalSet.Role.FORGET)));
    }
    if (byRole.containsKey(EvalSet.Role.RETAIN)) {
      metrics.put(Metric.MODEL_UTILITY.key(), accuracy(byRole.get(EvalSet.Role.RETAIN)));
    }
    return metrics;
  }

  private static double accuracy(List<RowResult> rows) {
    return Statistics.mean(
        rows.stream()
            .mapToDouble(r -> r.value(SetMetric.ACCURACY.value()).orElseThrow())
            .toArray());
  }

  private static RowResult row(ChoiceItem item, double[] logProbs) {
    int chosen = 0;
    boolean broken = Double.isNaN(logProbs[0]);
    for (int i = 1; i < logProbs.length; i++) {
      chosen = logProbs[i] > logProbs[chosen] ? i : chosen;
      broken |= Double.isNaN(logProbs[i]);
    }
    Map<String, Double> values = new LinkedHashMap<>();
    values.put(
        SetMetric.ACCURACY.value(), broken ? Double.NaN : chosen == item.right() ? 1.0 : 0.0);
    for (int i = 0; i < logProbs.length; i++) {
      values.put("log_prob_" + ChoiceItem.letter(i), logProbs[i]);
    }
    return new RowResult(
        item.index(), item.question(), option(item, item.right()), option(item, chosen), values);
  }

  private static String option(ChoiceItem item, int i) {
    return ChoiceItem.letter(i) + ". " + item.choices().get(i);
  }
}
