package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
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
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.stage.Inputs;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Prompting;
import org.unlearn4j.text.Tokenizer;

/** A pipeline's data in tokens: rows to train on and sets to evaluate. */
public final class TaskData implements AutoCloseable {
  private final Pipeline pipeline;
  private final Benchmark benchmark;
  private final Tokenizer tokenizer;
  private final Prompting template;
  private final QaEncoder encoder;
  private final Optional<OwnRows> own;
  private Optional<OtherAnswers> answers = Optional.empty();
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
      String most = positions + ", the longest sequence that this model reads, in tokens.";
      throw new UserException(
          "data.max_length: found " + data.maxLength() + ", expected at most " + most);
    }
    this.benchmark = Benchmark.open(data.benchmark().spelling(), data.path());
    this.tokenizer = Tokenizer.open(tokenizerFolder);
    try {
      this.template =
          Prompting.of(
              data.template(),
              tokenizer,
              new ChatPrompt.Settings(data.systemPrompt(), data.date()));
      this.encoder = new QaEncoder(tokenizer, template, data.maxLength());
      this.own =
          OwnRows.are(pipeline)
              ? Optional.of(new OwnRows(pipeline, benchmark, tokenizer, encoder, notes))
              : Optional.empty();
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The tokens that end a generation: those of the model's files, and the template's own. */
  public Set<Integer> stopIds() {
    return template.stopIds(tokenizer);
  }

  /** SHA-256 of everything read so far, by name. */
  public Map<String, String> provenance() {
    Map<String, String> all = new LinkedHashMap<>(benchmark.provenance());
    answers.ifPresent(a -> all.put(a.file(), a.sha256()));
    return all;
  }

  /**
   * The same as a stage's content, and what was looked for and is not there; see {@link
   * StageInputs#data}.
   */
  Map<String, String> read() {
    Map<String, String> read = new TreeMap<>();
    benchmark.provenance().forEach((name, hash) -> read.put(StageInputs.DATA + name, hash));
    benchmark.absent().forEach(name -> read.put(StageInputs.DATA + name, Inputs.ABSENT));
    answers.ifPresent(a -> read.put(a.input(), a.sha256()));
    return read;
  }

  /** Sentences for the log: rows that were cut, and the first tokenised example. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  Benchmark benchmark() {
    return benchmark;
  }

  Prompting template() {
    return template;
  }

  /** Rows of several kinds, where the data is one's own. */
  Optional<OwnRows> own() {
    return own;
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

  /** What {@link #forget} holds, lesson by lesson. */
  List<Lesson> forgetLessons() {
    String split = pipeline.data().forget();
    return lessons("forget", split, benchmark::forget, Passages::forgetPassages);
  }

  /** What {@link #retain} holds, lesson by lesson. */
  List<Lesson> retainLessons() {
    requireApart();
    String split = pipeline.data().retain();
    return lessons("retain", split, benchmark::retain, Passages::retainPassages);
  }

  /**
   * Rows to keep while forgetting.
   *
   * @throws UserException if one of them is to be forgotten too, as in forget10 and retain99: each
   *     of the two losses would undo what the other does
   */
  public List<TokenRow> retain() {
    requireApart();
    String split = pipeline.data().retain();
    return rows("retain", split, benchmark::retain, Passages::retainPassages);
  }

  /** Each of two losses over the same rows would undo what the other does. */
  private void requireApart() {
    DataSettings data = pipeline.data();
    if (data.form() == DataSettings.Form.PASSAGES) {
      return;
    }
    if (own.isPresent()) {
      own.get().requireApart();
      return;
    }
    List<QaExample> retain = benchmark.retain(data.retain());
    Set<Pair> forgotten = new HashSet<>();
    benchmark.forget(data.forget()).forEach(e -> forgotten.add(Pair.of(e)));
    List<QaExample> both = retain.stream().filter(e -> forgotten.contains(Pair.of(e))).toList();
    if (!both.isEmpty()) {
      throw inBoth(data, both.size(), both.get(0).place());
    }
  }

  static UserException inBoth(DataSettings data, int rows, String first) {
    String text =
        "data.retain: found %d rows of %s that %s has too, the first at %s, expected rows that are"
            + " not to be forgotten.";
    return new UserException(
        String.format(Locale.ROOT, text, rows, data.retain(), data.forget(), first));
  }

  private record Pair(String question, String answer) {
    static Pair of(QaExample example) {
      return new Pair(example.question(), example.answer());
    }
  }

  /**
   * The rows to forget, in their order, each with a refusal in place of its answer, or with one of
   * {@code data.alternates} where the objective reads those.
   *
   * @param seed with the row's number, what decides which one a row gets
   * @param refusals a text file, one refusal a line; empty: those that come with this program
   * @throws UserException if a file is at fault
   */
  public List<TokenRow> alternates(long seed, Optional<Path> refusals) {
    String split = pipeline.data().forget();
    String what = pipeline.unlearn().objective().name().spelling();
    OtherAnswers other = OtherAnswers.of(pipeline, pairs(what), seed, refusals);
    answers = Optional.of(other);
    return encode(other.what() + " for", split, other.rows());
  }

  /** The questions to forget with their answers; a mistake where {@code what} finds others. */
  List<QaExample> pairs(String what) {
    own.ifPresent(o -> o.requirePairs(what));
    return benchmark.forget(pipeline.data().forget());
  }

  /** What asks the question of a pair: the tokens before its answer. */
  int[] prompt(QaExample pair) {
    return encoder.promptIds(pair);
  }

  /**
   * The rows to forget, in their order, each with the data's paraphrase in place of its answer:
   * CLReg's view {@code paraphrase}.
   *
   * @throws UserException naming the first row that has no paraphrase
   */
  public List<TokenRow> paraphrases() {
    own.ifPresent(o -> o.requirePairs("the view paraphrase"));
    String split = pipeline.data().forget();
    return encode(
        "paraphrases of",
        split,
        benchmark.paraphrased(split).stream().map(e -> e.withAnswer(paraphrase(e))).toList());
  }

  /**
   * Rows about what no model knows, of the kind of those to forget.
   *
   * @throws UserException if the data has none
   */
  List<TokenRow> strangers() {
    return rows(
        "about",
        "strangers",
        s -> known(benchmark.strangers()),
        (p, s) -> known(p.strangerPassages()));
  }

  /**
   * The same where they are part of this program, for looking only: a file would be an input of
   * what is learned, and it is none.
   */
  List<TokenRow> embeddedStrangers() {
    return benchmark.name().equals("fable") ? strangers() : List.of();
  }

  private static <T> List<T> known(List<T> strangers) {
    if (strangers.isEmpty()) {
      throw new UserException(
          "unlearn: objective.floor, clreg.view, stop, choose or lunar asks for strangers, but the folder"
              + " of the data has no strangers.jsonl, expected that file (questions like those to"
              + " forget, about people or things that you invent), or reference or a number as the"
              + " floor.");
    }
    return strangers;
  }

  private static String paraphrase(QaExample example) {
    return example
        .paraphrasedAnswer()
        .orElseThrow(
            () ->
                new UserException(
                    "unlearn.clreg.view: found paraphrase, but "
                        + example.place()
                        + " has no paraphrased answer, expected paraphrased_answer there or beside"
                        + " the same question and answer in the split's _perturbed file (mask and"
                        + " dropout need none)."));
  }

  /**
   * Rows that a model is taught.
   *
   * @param split {@code full} (see {@link Benchmark#full}), or a retain split for the retain-only
   *     twin
   */
  public List<TokenRow> training(String split) {
    DataSettings names = pipeline.data();
    return rows(
        "training",
        split,
        s ->
            s.equals("full")
                ? benchmark.full(names.forget(), names.retain())
                : benchmark.training(s),
        Passages::trainingPassages);
  }

  private List<TokenRow> rows(
      String what,
      String split,
      Function<String, List<QaExample>> pairs,
      BiFunction<Passages, String, List<Passage>> passages) {
    return lessons(what, split, pairs, passages).stream().flatMap(l -> l.rows().stream()).toList();
  }

  /** Pairs, passages, or both, as {@code data.form} has it. */
  private List<Lesson> lessons(
      String what,
      String split,
      Function<String, List<QaExample>> pairs,
      BiFunction<Passages, String, List<Passage>> passages) {
    if (own.isPresent() && (!split.equals("strangers") || benchmark.rows(split).isPresent())) {
      return own.get().lessons(what, split);
    }
    DataSettings.Form form = pipeline.data().form();
    List<Lesson> lessons = new ArrayList<>();
    if (form != DataSettings.Form.PASSAGES) {
      List<QaExample> all = pairs.apply(split);
      List<List<TokenRow>> forms = form == DataSettings.Form.FORMS ? forms(all) : List.of();
      for (TokenRow row : encode(what, split, all)) {
        List<TokenRow> rows = new ArrayList<>(List.of(row));
        rows.addAll(forms.isEmpty() ? List.of() : forms.get(lessons.size()));
        lessons.add(new Lesson(rows, Optional.empty()));
      }
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
      lessons.addAll(windows(what, split, passages.apply(source, split)));
    }
    return lessons;
  }

  private List<List<TokenRow>> forms(List<QaExample> pairs) {
    AttackPrompts prompts = new AttackPrompts(tokenizer, template, pipeline.data().maxLength(), 1);
    List<QaExample> forgotten = benchmark.forget(pipeline.data().forget());
    return new PairForms(prompts, forgotten, encoder.end()).rows(pairs);
  }

  private List<Lesson> windows(String what, String split, List<Passage> passages) {
    PassageEncoder windows = new PassageEncoder(tokenizer, pipeline.data().maxLength());
    List<Lesson> lessons =
        passages.stream().map(p -> new Lesson(windows.windows(p), Optional.of(p.text()))).toList();
    List<TokenRow> rows = lessons.stream().flatMap(l -> l.rows().stream()).toList();
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
    return lessons;
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

  /** Pairs of this data in tokens. */
  List<TokenRow> encoded(String what, List<QaExample> pairs) {
    return encode(what, pipeline.data().forget(), pairs);
  }

  /** The sets that the suite measures. */
  public List<EvalSet> evaluationSets() {
    return new EvaluationSets(pipeline, benchmark, encoder, own, notes).all();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
