package org.unlearn4j.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.DataRow;
import org.unlearn4j.data.QaEncoder;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.data.RowFiles;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;

/**
 * The sets of pairs that TOFU's suite measures, in tokens.
 *
 * @param own rows of one's own data, which may be passages and conversations too
 * @param notes takes a sentence for each set with answers that are cut
 */
record EvaluationSets(
    Pipeline pipeline,
    Benchmark benchmark,
    QaEncoder encoder,
    Optional<OwnRows> own,
    List<String> notes) {
  /** What the name of a file ends with whose rows are set apart for being measured. */
  private static final String JUDGED = "_perturbed";

  List<EvalSet> all() {
    List<EvalSet> sets = new ArrayList<>();
    String forget = pipeline.data().forget();
    sets.add(
        mixed("forget", EvalSet.Role.FORGET, RowFiles.withoutEnding(forget) + JUDGED, forget)
            .orElseGet(
                () ->
                    set(
                        "forget",
                        EvalSet.Role.FORGET,
                        tuning().reported(benchmark.forgetEvaluation(forget)))));
    sets.add(
        mixed("retain", EvalSet.Role.RETAIN, "retain" + JUDGED, pipeline.data().retain())
            .orElseGet(
                () -> set("retain", EvalSet.Role.RETAIN, tuning().reported(retainEvaluation()))));
    boolean tofu = benchmark.name().equals("tofu");
    EvalSet.Role general = EvalSet.Role.GENERAL;
    addIfAny(sets, tofu ? "real_authors" : "neighbours", general, benchmark.neighbours());
    addIfAny(sets, tofu ? "world_facts" : "facts", general, benchmark.facts());
    Optional<EvalSet> strange = mixed("holdout", EvalSet.Role.HOLDOUT, "holdout");
    if (strange.isPresent()) {
      sets.add(strange.get());
      return sets;
    }
    List<QaExample> bare = benchmark.holdout().stream().map(EvaluationSets::bare).toList();
    addIfAny(sets, "holdout", EvalSet.Role.HOLDOUT, bare);
    return sets;
  }

  /**
   * The first of these splits that is there, if it holds more than pairs: all of its rows are asked
   * about. The others are not read, so that an evaluation does not depend on them.
   */
  private Optional<EvalSet> mixed(String name, EvalSet.Role role, String... splits) {
    if (own.isEmpty()) {
      return Optional.empty();
    }
    int limit = pipeline.evaluate().limit().orElse(Integer.MAX_VALUE);
    for (String split : splits) {
      Optional<Benchmark.Rows> there = benchmark.rows(split);
      if (there.isPresent()) {
        List<DataRow> rows = there.get().all();
        return rows.stream().allMatch(QaExample.class::isInstance)
            ? Optional.empty()
            : Optional.of(new EvalSet(name, role, own.get().items(tuning().reported(rows), limit)));
      }
    }
    return Optional.empty();
  }

  private TuningRows tuning() {
    return TuningRows.of(pipeline, benchmark);
  }

  /** One's own data may have no rows set apart for this. */
  private List<QaExample> retainEvaluation() {
    List<QaExample> rows = benchmark.retainEvaluation(pipeline.data().retain());
    return rows.isEmpty() ? benchmark.retain(pipeline.data().retain()) : rows;
  }

  /** The pair alone: nothing asks how a model ranks wrong answers here. */
  private static QaExample bare(QaExample e) {
    return QaExample.of(e.question(), e.answer(), e.source(), e.line());
  }

  private void addIfAny(
      List<EvalSet> sets, String name, EvalSet.Role role, List<QaExample> examples) {
    if (!examples.isEmpty()) {
      sets.add(set(name, role, examples));
    }
  }

  /** A pair in tokens, with all of its answers. */
  static EvalItem item(int index, QaExample e, QaEncoder encoder) {
    return new EvalItem(
        index,
        e.question(),
        e.answer(),
        encoder.encode(e),
        e.paraphrasedAnswer().map(a -> encoder.encode(e, a)),
        e.perturbedAnswers().stream().map(a -> encoder.encode(e, a)).toList(),
        encoder.promptIds(e));
  }

  private EvalSet set(String name, EvalSet.Role role, List<QaExample> examples) {
    int limit = pipeline.evaluate().limit().orElse(Integer.MAX_VALUE);
    List<EvalItem> items = new ArrayList<>();
    for (QaExample example : examples.subList(0, Math.min(limit, examples.size()))) {
      items.add(item(items.size(), example, encoder));
    }
    long cut = items.stream().filter(this::truncated).count();
    if (cut > 0) {
      notes.add(
          "evaluation set "
              + name
              + ": "
              + cut
              + " of "
              + items.size()
              + " questions have answers longer than max_length "
              + pipeline.data().maxLength()
              + ", which are measured without their end.");
    }
    return new EvalSet(name, role, items);
  }

  private boolean truncated(EvalItem item) {
    return Stream.of(
            Stream.of(item.answerRow()), item.paraphrase().stream(), item.perturbed().stream())
        .flatMap(Function.identity())
        .anyMatch(encoder::truncated);
  }
}
