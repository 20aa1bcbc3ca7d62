package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.DataSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.Passage;
import org.unlearn4j.data.PassageEncoder;
import org.unlearn4j.data.Passages;
import org.unlearn4j.data.QaEncoder;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Tokenizer;

/** A pipeline's data in tokens: rows to train on and sets to evaluate. */
public final class TaskData implements AutoCloseable {
  private final Pipeline pipeline;
  private final Benchmark benchmark;
  private final Tokenizer tokenizer;
  private final QaEncoder encoder;
  private final List<String> notes = new ArrayList<>();

  /**
   * Opens data and tokenizer.
   *
   * @param tokenizerFolder folder with {@code tokenizer.json}
   * @param positions longest sequence of the model
   * @throws UserException if data or tokenizer are at fault, or rows may be longer than the model
   */
  public TaskData(Pipeline pipeline, Path tokenizerFolder, int positions) {
    this.pipeline = pipeline;
    DataSettings data = pipeline.data();
    if (data.maxLength() > positions) {
      throw new UserException(
          "data.max_length: found "
              + data.maxLength()
              + ", expected at most the model's "
              + positions
              + " positions.");
    }
    this.benchmark = Benchmark.open(data.benchmark().spelling(), data.path());
    this.tokenizer = Tokenizer.open(tokenizerFolder);
    this.encoder = new QaEncoder(tokenizer, PromptTemplate.of(data.template()), data.maxLength());
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** SHA-256 of everything read so far, by name. */
  public Map<String, String> provenance() {
    return benchmark.provenance();
  }

  /** Sentences for the log: rows that were cut, and the first tokenised example. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /** The benchmark's passages, where it has any. */
  Optional<Passages> passages() {
    return benchmark.passages();
  }

  /** Rows to forget. */
  public List<TokenRow> forget() {
    String split = pipeline.data().forget();
    return rows("forget", split, benchmark::forget, Passages::forgetPassages);
  }

  /** Rows to keep while forgetting. */
  public List<TokenRow> retain() {
    String split = pipeline.data().retain();
    return rows("retain", split, benchmark::retain, Passages::retainPassages);
  }

  /**
   * Rows that a model is taught.
   *
   * @param split {@code full}, or a retain split for the retain-only twin
   */
  public List<TokenRow> training(String split) {
    return rows("training", split, benchmark::training, Passages::trainingPassages);
  }

  /** Pairs, windows of passages, or both, as {@code data.form} has it. */
  private List<TokenRow> rows(
      String what,
      String split,
      Function<String, List<QaExample>> pairs,
      BiFunction<Passages, String, List<Passage>> passages) {
    DataSettings.Form form = pipeline.data().form();
    List<TokenRow> rows = new ArrayList<>();
    if (form != DataSettings.Form.PASSAGES) {
      rows.addAll(encode(what, split, pairs.apply(split)));
    }
    if (form != DataSettings.Form.QUESTIONS) {
      Passages source =
          passages()
              .orElseThrow(
                  () ->
                      new UserException(
                          "data.form: found "
                              + form.spelling()
                              + " for benchmark "
                              + benchmark.name()
                              + ", which has no passages, expected questions."));
      rows.addAll(windows(what, split, passages.apply(source, split)));
    }
    return rows;
  }

  private List<TokenRow> windows(String what, String split, List<Passage> passages) {
    PassageEncoder windows = new PassageEncoder(tokenizer, pipeline.data().maxLength());
    List<TokenRow> rows = passages.stream().flatMap(p -> windows.windows(p).stream()).toList();
    notes.add(
        what
            + " "
            + split
            + ": "
            + rows.size()
            + " windows of "
            + passages.size()
            + " passages; the first: "
            + encoder.describe(rows.get(0)));
    return rows;
  }

  private List<TokenRow> encode(String what, String split, List<QaExample> examples) {
    if (examples.isEmpty()) {
      throw new UserException(
          "The " + what + " split " + split + " is empty, expected at least one row.");
    }
    QaEncoder.Encoded encoded = encoder.encodeAll(examples);
    encoder.warning(encoded).ifPresent(w -> notes.add(what + " " + split + ": " + w));
    // Silently missing special tokens cost others months: the first example is always shown.
    notes.add(
        what
            + " "
            + split
            + ": "
            + encoded.rows().size()
            + " rows; the first: "
            + encoder.describe(encoded.rows().get(0)));
    return encoded.rows();
  }

  /** The sets that the suite measures. */
  public List<EvalSet> evaluationSets() {
    List<EvalSet> sets = new ArrayList<>();
    sets.add(
        set("forget", EvalSet.Role.FORGET, benchmark.forgetEvaluation(pipeline.data().forget())));
    sets.add(set("retain", EvalSet.Role.RETAIN, retainEvaluation()));
    boolean tofu = benchmark.name().equals("tofu");
    addIfAny(sets, tofu ? "real_authors" : "neighbours", benchmark.neighbours());
    addIfAny(sets, tofu ? "world_facts" : "facts", benchmark.facts());
    if (!benchmark.holdout().isEmpty()) {
      sets.add(set("holdout", EvalSet.Role.HOLDOUT, benchmark.holdout()));
    }
    return sets;
  }

  /** One's own data may have no rows set apart for this. */
  private List<QaExample> retainEvaluation() {
    List<QaExample> rows = benchmark.retainEvaluation();
    return rows.isEmpty() ? benchmark.retain(pipeline.data().retain()) : rows;
  }

  private void addIfAny(List<EvalSet> sets, String name, List<QaExample> examples) {
    if (!examples.isEmpty()) {
      sets.add(set(name, EvalSet.Role.GENERAL, examples));
    }
  }

  private EvalSet set(String name, EvalSet.Role role, List<QaExample> examples) {
    int limit = pipeline.evaluate().limit().orElse(Integer.MAX_VALUE);
    List<EvalItem> items = new ArrayList<>();
    for (QaExample example : examples.subList(0, Math.min(limit, examples.size()))) {
      Optional<TokenRow> paraphrase =
          example.paraphrasedAnswer().map(a -> encoder.encode(example, a));
      items.add(
          new EvalItem(
              items.size(),
              example.question(),
              example.answer(),
              encoder.encode(example),
              paraphrase,
              example.perturbedAnswers().stream().map(a -> encoder.encode(example, a)).toList(),
              encoder.promptIds(example)));
    }
    return new EvalSet(name, role, items);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
