package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.unlearn4j.base.Spread;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.DataRow;
import org.unlearn4j.data.QaExample;

/**
 * Pairs that the rules of {@code unlearn.stop} and {@code unlearn.choose} measure. They are
 * forgotten and kept like all others, and no evaluation and no attack asks about them: what chooses
 * a model does not report it.
 *
 * @param forget at equal distances among the pairs to forget; empty where there are no rules
 * @param retain pairs to keep that are not reported anyhow, or else at equal distances
 */
record TuningRows(List<QaExample> forget, List<QaExample> retain) {
  static final TuningRows NONE = new TuningRows(List.of(), List.of());

  TuningRows {
    forget = List.copyOf(forget);
    retain = List.copyOf(retain);
  }

  /**
   * Those of a pipeline; none where it has no rules.
   *
   * @throws UserException if there are too few pairs for both
   */
  static TuningRows of(Pipeline pipeline, Benchmark benchmark) {
    if (!pipeline.unlearn().tuning().active()) {
      return NONE;
    }
    String retain = pipeline.data().retain();
    List<QaExample> all = benchmark.forget(pipeline.data().forget());
    List<QaExample> forget = share(pipeline, all, "forget");
    Set<String> reported = questions(benchmark.retainEvaluation(retain));
    List<QaExample> kept = benchmark.retain(retain);
    List<QaExample> others = kept.stream().filter(e -> !reported.contains(e.question())).toList();
    boolean apart = !reported.isEmpty() && others.size() >= forget.size();
    return new TuningRows(
        forget, apart ? Spread.of(others, forget.size()) : share(pipeline, kept, "retain"));
  }

  private static List<QaExample> share(Pipeline pipeline, List<QaExample> all, String what) {
    double share = pipeline.unlearn().tuning().share();
    List<QaExample> some = Spread.of(all, (int) Math.round(share * all.size()));
    Set<String> questions = questions(some);
    if (some.isEmpty() || all.stream().allMatch(e -> questions.contains(e.question()))) {
      throw new UserException(
          "unlearn.tuning_share: found "
              + share
              + " of "
              + all.size()
              + " pairs to "
              + what
              + ", expected a share that leaves some to choose by and some to report.");
    }
    return some;
  }

  private static Set<String> questions(List<QaExample> pairs) {
    Set<String> questions = new HashSet<>();
    pairs.forEach(e -> questions.add(e.question()));
    return questions;
  }

  /** Of rows that are to be reported, those that nothing was chosen by. */
  <T extends DataRow> List<T> reported(List<T> rows) {
    if (forget.isEmpty()) {
      return rows;
    }
    Set<String> asked = questions(forget);
    asked.addAll(questions(retain));
    return rows.stream()
        .filter(r -> !(r instanceof QaExample pair && asked.contains(pair.question())))
        .toList();
  }

  /** The wrong answers of the pairs to forget, as the data has them, each with its question. */
  List<QaExample> perturbed(Function<String, List<QaExample>> evaluation, String split) {
    Set<String> asked = questions(forget);
    List<QaExample> wrong = new ArrayList<>();
    for (QaExample e : evaluation.apply(split)) {
      if (asked.contains(e.question())) {
        e.perturbedAnswers().forEach(a -> wrong.add(e.withAnswer(a)));
      }
    }
    if (wrong.isEmpty()) {
      throw new UserException(
          "unlearn: found goal perturbed, but no pair of "
              + split
              + " has perturbed_answers, expected reference, strangers or a number.");
    }
    return wrong;
  }
}
