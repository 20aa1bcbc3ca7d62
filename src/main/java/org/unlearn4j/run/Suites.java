package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.EvaluateSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.data.ChoiceEncoder;
import org.unlearn4j.data.ChoiceExample;
import org.unlearn4j.data.ChoiceReader;
import org.unlearn4j.data.Excerpt;
import org.unlearn4j.data.Passage;
import org.unlearn4j.data.PassageEncoder;
import org.unlearn4j.data.Passages;
import org.unlearn4j.data.QaExample;
import org.unlearn4j.data.QuestionPrompt;
import org.unlearn4j.data.Refusals;
import org.unlearn4j.eval.ChoiceItem;
import org.unlearn4j.eval.ChoiceSuite;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.MuseSuite;
import org.unlearn4j.eval.Suite;
import org.unlearn4j.eval.TofuSuite;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Tokenizer;

/** The suite that a pipeline asks for, over its data. */
final class Suites {
  /** MUSE's answers are short; its reference implementation lets models say no more. */
  private static final int MUSE_ANSWER_TOKENS = 32;

  private final Pipeline pipeline;
  private final TaskData data;
  private final int positions;
  private final Set<EvalSet.Role> generated;
  private final List<String> notes = new ArrayList<>();

  private Suites(Pipeline pipeline, TaskData data, int positions, Set<EvalSet.Role> generated) {
    this.generated = generated;
    this.pipeline = pipeline;
    this.data = data;
    this.positions = positions;
  }

  /**
   * A suite, and what its reader should know of how the data was fitted to the model.
   *
   * @param notes sentences
   */
  record Prepared(Suite suite, List<String> notes) {
    Prepared {
      notes = List.copyOf(notes);
    }
  }

  /**
   * Prepares the suite.
   *
   * @param positions longest sequence of the model
   * @param generated roles of the sets whose questions TOFU's suite answers
   * @throws UserException if the data is at fault, or is not of the suite's kind
   */
  static Prepared of(Pipeline pipeline, TaskData data, int positions, Set<EvalSet.Role> generated) {
    Suites suites = new Suites(pipeline, data, positions, generated);
    Suite suite =
        switch (pipeline.evaluate().suite()) {
          case FABLE, TOFU, JSONL -> suites.tofu();
          case MUSE -> suites.muse();
          case WMDP -> suites.choices();
        };
    return new Prepared(suite, suites.notes);
  }

  private EvaluateSettings settings() {
    return pipeline.evaluate();
  }

  private <T> List<T> limited(List<T> list) {
    return list.subList(0, Math.min(settings().limit().orElse(Integer.MAX_VALUE), list.size()));
  }

  private Suite tofu() {
    Tokenizer tokenizer = data.tokenizer();
    return new TofuSuite(
        data.evaluationSets(),
        new TofuSuite.Settings(
            settings().suite().spelling(),
            settings().tokenBudget(),
            settings().maxNewTokens(),
            data.stopIds(),
            generated,
            Refusals.builtIn().sentences()),
        ids -> tokenizer.decode(ids, true));
  }

  private Suite muse() {
    Passages passages =
        data.passages()
            .orElseThrow(
                () ->
                    new UserException(
                        "evaluate.suite: found muse for benchmark "
                            + pipeline.data().benchmark().spelling()
                            + ", expected a benchmark with passages (muse or fable)."));
    String split = pipeline.data().forget();
    int answerTokens = Math.min(MUSE_ANSWER_TOKENS, settings().maxNewTokens());
    PassageEncoder whole = new PassageEncoder(data.tokenizer(), pipeline.data().maxLength());
    Passages.Membership seen = passages.membership(split);
    MuseSuite.Parts parts =
        new MuseSuite.Parts(
            excerpts(passages.verbatim(split)),
            questions(passages.aboutForget(split), answerTokens),
            questions(passages.aboutRetain(), answerTokens),
            texts(seen.forget(), whole),
            texts(seen.retain(), whole),
            texts(seen.holdout(), whole));
    return new MuseSuite(
        parts,
        new MuseSuite.Settings(
            settings().tokenBudget(), settings().maxNewTokens(), answerTokens, data.stopIds()),
        ids -> data.tokenizer().decode(ids, true));
  }

  private List<EvalItem> excerpts(List<Excerpt> excerpts) {
    PassageEncoder encoder = new PassageEncoder(data.tokenizer(), positions);
    int most = settings().maxNewTokens();
    List<EvalItem> items = new ArrayList<>();
    for (Excerpt e : limited(excerpts)) {
      items.add(
          item(
              items.size(),
              e.prompt(),
              encoder.continuation(e, most).strip(),
              encoder.row(e, most),
              encoder.promptIds(e)));
    }
    return items;
  }

  private List<EvalItem> questions(Passages.Questions questions, int answerTokens) {
    QuestionPrompt prompt =
        new QuestionPrompt(
            data.tokenizer(),
            PromptTemplate.of(pipeline.data().template()),
            positions,
            answerTokens);
    boolean examples = !questions.examples().isEmpty();
    List<EvalItem> items = new ArrayList<>();
    for (QaExample e : limited(questions.pairs())) {
      int[] ids = prompt.ids(e, questions.examples());
      TokenRow row = prompt.answered(ids, e, examples);
      if (row.labelled() == 0) {
        throw new UserException(
            e.place()
                + ": found a question of "
                + ids.length
                + " tokens, expected fewer than the model's "
                + positions
                + " positions.");
      }
      items.add(item(items.size(), e.question(), e.answer(), row, ids));
    }
    if (prompt.shortened() > 0) {
      notes.add(
          prompt.shortened()
              + " of "
              + items.size()
              + " questions were asked with fewer examples than there are: the model has "
              + positions
              + " positions.");
    }
    return items;
  }

  private List<EvalItem> texts(List<Passage> passages, PassageEncoder encoder) {
    List<EvalItem> items = new ArrayList<>();
    int cut = 0;
    for (Passage p : limited(passages)) {
      items.add(item(items.size(), "", p.text(), encoder.row(p), new int[0]));
      cut += encoder.cuts(p) ? 1 : 0;
    }
    if (cut > 0) {
      notes.add(
          cut
              + " of "
              + items.size()
              + " passages are longer than max_length "
              + pipeline.data().maxLength()
              + " and are scored up to there.");
    }
    return items;
  }

  private static EvalItem item(
      int index, String question, String answer, TokenRow row, int[] prompt) {
    return new EvalItem(index, question, answer, row, Optional.empty(), List.of(), prompt);
  }

  private Suite choices() {
    Path files =
        settings()
            .choices()
            .orElseThrow(
                () ->
                    new UserException(
                        "evaluate.choices: found nothing, expected the questions of suite wmdp."));
    ChoiceEncoder encoder = new ChoiceEncoder(data.tokenizer(), positions);
    List<ChoiceSuite.ChoiceSet> sets = new ArrayList<>();
    for (ChoiceReader.Result read : ChoiceReader.read(files)) {
      List<ChoiceItem> items = new ArrayList<>();
      for (ChoiceExample e : limited(read.examples())) {
        ChoiceEncoder.Encoded encoded = encoder.encode(e);
        items.add(
            new ChoiceItem(
                items.size(),
                e.question(),
                e.choices(),
                e.right(),
                encoded.prompt(),
                encoded.letters()));
      }
      boolean hazardous = read.name().startsWith("wmdp");
      sets.add(
          new ChoiceSuite.ChoiceSet(
              read.name(), hazardous ? EvalSet.Role.FORGET : EvalSet.Role.RETAIN, items));
    }
    return new ChoiceSuite(sets, settings().tokenBudget());
  }
}
