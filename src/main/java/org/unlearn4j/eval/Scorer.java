package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.RowGradients;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * One pass over a model for all metrics together: what several metrics or sets ask of it is asked
 * once, and rows of like length go together. Not safe for several threads.
 *
 * <p>Batches are planned over all rows, whether a journal knows them or not, and whole batches are
 * taken from it: what a resumed evaluation computes it computes in the same company as an
 * uninterrupted one, and to the same bits.
 */
public final class Scorer {
  private final LanguageModel model;
  private final int tokenBudget;
  private final Progress progress;
  private final ScoreJournal journal;
  private final Map<TokenRow, TokenScores> scored = new HashMap<>();
  private final Map<Prompt, int[]> continued = new HashMap<>();
  private final Map<Choice, float[]> chosen = new HashMap<>();
  private final Map<TokenRow, Double> norms = new HashMap<>();
  private long tokens;

  /**
   * A scorer that knows nothing yet and keeps nothing.
   *
   * @param tokenBudget most tokens in a batch, padding included
   */
  public Scorer(LanguageModel model, int tokenBudget, Progress progress) {
    this(model, tokenBudget, progress, ScoreJournal.none());
  }

  /** A scorer that writes down what it finds, and starts from what is written down already. */
  public Scorer(LanguageModel model, int tokenBudget, Progress progress, ScoreJournal journal) {
    this.model = model;
    this.tokenBudget = tokenBudget;
    this.progress = progress;
    this.journal = journal;
  }

  /** A text to be continued. */
  private record Prompt(TokenRow row, int maxNewTokens) {
    int[] ids() {
      return row.ids();
    }
  }

  /** A prompt, and what could follow. */
  private record Choice(TokenRow prompt, TokenRow candidates) {}

  /**
   * How a stage goes about it.
   *
   * @param name of the stage, for progress
   * @param budget most tokens in a batch
   * @param lanes batches at a time
   */
  private record Asking(String name, int budget, int lanes) {}

  private Asking asking(String name) {
    return new Asking(name, tokenBudget, model.lanes());
  }

  /** What is asked of the model: how much of it a question takes, and what is done with it. */
  private interface Stage<Q, A> {
    /** Length in tokens, by which questions are put together. */
    int length(Q question);

    /** Which questions are asked together. */
    default List<int[]> batches(List<Q> questions, int budget) {
      return BatchPlan.byLength(questions.size(), i -> length(questions.get(i)), budget);
    }

    /** Sends questions through the model together. */
    List<A> ask(List<Q> questions);

    /** What the journal knows. */
    Optional<A> recall(Q question);

    /** Writes an answer into the journal. */
    void keep(Q question, A answer);

    /** Tokens of question and answer. */
    int tokens(Q question, A answer);
  }

  /** Scores of every given row; only rows that were not seen before go through the model. */
  public Map<TokenRow, TokenScores> score(Collection<TokenRow> rows) {
    Stage<TokenRow, TokenScores> stage =
        new Stage<>() {
          @Override
          public int length(TokenRow row) {
            return row.length();
          }

          @Override
          public List<int[]> batches(List<TokenRow> all, int budget) {
            return model.batches(all, budget);
          }

          @Override
          public List<TokenScores> ask(List<TokenRow> together) {
            return model.score(together);
          }

          @Override
          public Optional<TokenScores> recall(TokenRow row) {
            return journal.scores(row);
          }

          @Override
          public void keep(TokenRow row, TokenScores scores) {
            journal.put(row, scores);
          }

          @Override
          public int tokens(TokenRow row, TokenScores scores) {
            return row.length();
          }
        };
    run(asking("score"), rows, scored, stage);
    Map<TokenRow, TokenScores> result = new HashMap<>();
    rows.forEach(row -> result.put(row, scored.get(row)));
    return result;
  }

  /**
   * Greedy continuations, one a prompt, in the order of the prompts.
   *
   * @param stop tokens that end a continuation and are not part of it; the same in every call
   */
  public List<int[]> generate(List<int[]> prompts, int maxNewTokens, Set<Integer> stop) {
    List<Prompt> all =
        prompts.stream().map(p -> new Prompt(TokenRow.unlabelled(p), maxNewTokens)).toList();
    Stage<Prompt, int[]> stage =
        new Stage<>() {
          @Override
          public int length(Prompt prompt) {
            return prompt.ids().length + maxNewTokens;
          }

          @Override
          public List<int[]> ask(List<Prompt> together) {
            return model.generate(together.stream().map(Prompt::ids).toList(), maxNewTokens, stop);
          }

          @Override
          public Optional<int[]> recall(Prompt prompt) {
            return journal.generation(prompt.ids(), maxNewTokens);
          }

          @Override
          public void keep(Prompt prompt, int[] continuation) {
            journal.put(prompt.ids(), maxNewTokens, continuation);
          }

          @Override
          public int tokens(Prompt prompt, int[] continuation) {
            return prompt.ids().length + continuation.length;
          }
        };
    run(asking("generate"), all, continued, stage);
    return all.stream().map(continued::get).toList();
  }

  /**
   * Log-probabilities of given tokens right after each prompt, {@code [prompt][candidate]}.
   *
   * @param candidates token ids, one array a prompt
   */
  public List<float[]> next(List<int[]> prompts, List<int[]> candidates) {
    List<Choice> all =
        IntStream.range(0, prompts.size())
            .mapToObj(
                i ->
                    new Choice(
                        TokenRow.unlabelled(prompts.get(i)),
                        TokenRow.unlabelled(candidates.get(i))))
            .toList();
    Stage<Choice, float[]> stage =
        new Stage<>() {
          @Override
          public int length(Choice choice) {
            return choice.prompt.length();
          }

          @Override
          public List<float[]> ask(List<Choice> together) {
            return List.of(
                model.next(
                    together.stream().map(c -> c.prompt.ids()).toList(),
                    together.stream().map(c -> c.candidates.ids()).toList()));
          }

          @Override
          public Optional<float[]> recall(Choice choice) {
            return journal.next(choice.prompt.ids(), choice.candidates.ids());
          }

          @Override
          public void keep(Choice choice, float[] logProbs) {
            journal.put(choice.prompt.ids(), choice.candidates.ids(), logProbs);
          }

          @Override
          public int tokens(Choice choice, float[] logProbs) {
            return choice.prompt.length();
          }
        };
    run(asking("choose"), all, chosen, stage);
    return all.stream().map(chosen::get).toList();
  }

  /** Gradient norms of rows, {@link RowGradients#norms}, one row at a time. */
  public double[] gradientNorms(List<TokenRow> rows, RowGradients gradients) {
    Stage<TokenRow, Double> stage =
        new Stage<>() {
          @Override
          public int length(TokenRow row) {
            return row.length();
          }

          @Override
          public List<Double> ask(List<TokenRow> one) {
            return Arrays.stream(gradients.norms(one)).boxed().toList();
          }

          @Override
          public Optional<Double> recall(TokenRow row) {
            return journal.gradientNorm(row);
          }

          @Override
          public void keep(TokenRow row, Double norm) {
            journal.put(row, norm);
          }

          @Override
          public int tokens(TokenRow row, Double norm) {
            return row.length();
          }
        };
    run(new Asking("gradients", 1, 1), rows, norms, stage);
    return rows.stream().mapToDouble(norms::get).toArray();
  }

  /** What is not known yet, batch after batch; those the journal knows as a whole from there. */
  private <Q, A> void run(Asking how, Collection<Q> questions, Map<Q, A> known, Stage<Q, A> stage) {
    List<Q> fresh = questions.stream().distinct().filter(q -> !known.containsKey(q)).toList();
    List<List<Q>> open = new ArrayList<>();
    int done = 0;
    for (int[] batch : stage.batches(fresh, how.budget)) {
      List<Q> together = Arrays.stream(batch).mapToObj(fresh::get).toList();
      Map<Q, A> kept = new HashMap<>();
      together.forEach(q -> stage.recall(q).ifPresent(answer -> kept.put(q, answer)));
      if (kept.size() == together.size()) {
        known.putAll(kept);
        done += together.size();
      } else {
        open.add(together);
      }
    }
    if (open.isEmpty()) {
      return;
    }
    progress.begin(how.name, done, fresh.size());
    double all = open.stream().mapToDouble(b -> work(b, stage)).sum();
    Tally tally = new Tally(done);
    Lanes.inOrder(
        how.lanes,
        open,
        together -> new Answered<>(together, stage.ask(together)),
        answered -> {
          List<Q> together = answered.questions;
          for (int i = 0; i < together.size(); i++) {
            Q question = together.get(i);
            A answer = answered.answers.get(i);
            known.put(question, answer);
            stage.keep(question, answer);
            tokens += stage.tokens(question, answer);
          }
          journal.flush();
          tally.done += together.size();
          tally.worked += work(together, stage);
          progress.update(how.name, tally.done, fresh.size(), tally.worked / all);
        });
  }

  /** A batch that has been through the model. */
  private record Answered<Q, A>(List<Q> questions, List<A> answers) {}

  /** How far a stage has come. */
  private static final class Tally {
    private int done;
    private double worked;

    Tally(int done) {
      this.done = done;
    }
  }

  private static <Q> double work(List<Q> batch, Stage<Q, ?> stage) {
    return batch.stream().mapToLong(stage::length).sum();
  }

  /** Number of different rows that were scored. */
  public int rowsScored() {
    return scored.size();
  }

  /**
   * Tokens that were scored or decoded with their prompts, padding not counted; a prompt counts
   * with each row that begins with it, however often a model computes it.
   */
  public long tokens() {
    return tokens;
  }
}
