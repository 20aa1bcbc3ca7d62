package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.base.Shard;
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
  private final Shard shard;
  private final Answers<TokenRow, TokenScores> scored = new Answers<>();
  private final Answers<Prompt, int[]> continued = new Answers<>();
  private final Answers<Choice, float[]> chosen = new Answers<>();
  private final Answers<TokenRow, Double> norms = new Answers<>();
  private int planned;
  private int own;
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
    this(model, tokenBudget, progress, journal, Shard.WHOLE);
  }

  /**
   * A scorer of a part of the batches, which are dealt out in the order in which they are planned.
   * It answers into the journal; what its methods return has gaps (null, NaN) where the answer is
   * another part's.
   */
  Scorer(
      LanguageModel model, int tokenBudget, Progress progress, ScoreJournal journal, Shard shard) {
    this.model = model;
    this.tokenBudget = tokenBudget;
    this.progress = progress;
    this.journal = journal;
    this.shard = shard;
  }

  /** Questions that were asked, and answers: those of other parts have none. */
  private static final class Answers<Q, A> {
    private final Map<Q, A> known = new HashMap<>();
    private final Set<Q> elsewhere = new HashSet<>();

    boolean asked(Q question) {
      return known.containsKey(question) || elsewhere.contains(question);
    }
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

  /** Scores of every given row; only rows that were not seen before go through the model. */
  public Map<TokenRow, TokenScores> score(Collection<TokenRow> rows) {
    Questions<TokenRow, TokenScores> stage =
        new Questions<>() {
          @Override
          public int length(TokenRow row) {
            return row.length();
          }

          @Override
          public TokenRow row(TokenRow row) {
            return row;
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
    rows.forEach(row -> result.put(row, scored.known.get(row)));
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
    Questions<Prompt, int[]> stage =
        new Questions<>() {
          @Override
          public int length(Prompt prompt) {
            return prompt.ids().length + maxNewTokens;
          }

          @Override
          public TokenRow row(Prompt prompt) {
            return prompt.row;
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
    return all.stream().map(continued.known::get).toList();
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
    Questions<Choice, float[]> stage =
        new Questions<>() {
          @Override
          public int length(Choice choice) {
            return choice.prompt.length();
          }

          @Override
          public TokenRow row(Choice choice) {
            return choice.prompt;
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
    return all.stream().map(chosen.known::get).toList();
  }

  /** Gradient norms of rows, {@link RowGradients#norms}, one row at a time. */
  public double[] gradientNorms(List<TokenRow> rows, RowGradients gradients) {
    Questions<TokenRow, Double> stage =
        new Questions<>() {
          @Override
          public int length(TokenRow row) {
            return row.length();
          }

          @Override
          public TokenRow row(TokenRow row) {
            return row;
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
    return rows.stream().mapToDouble(r -> norms.known.getOrDefault(r, Double.NaN)).toArray();
  }

  /** What is not known yet, batch after batch; those the journal knows as a whole from there. */
  private <Q, A> void run(
      Asking how, Collection<Q> questions, Answers<Q, A> answers, Questions<Q, A> stage) {
    Map<Q, A> known = answers.known;
    List<Q> fresh = questions.stream().distinct().filter(q -> !answers.asked(q)).toList();
    List<List<Q>> open = new ArrayList<>();
    int done = 0;
    int all = 0;
    for (int[] batch : stage.batches(fresh, how.budget)) {
      List<Q> together = Arrays.stream(batch).mapToObj(fresh::get).toList();
      if (!shard.has(planned++)) {
        answers.elsewhere.addAll(together);
        continue;
      }
      own++;
      all += together.size();
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
    int total = all;
    progress.begin(how.name, done, total);
    double load = open.stream().mapToDouble(b -> work(b, stage)).sum();
    Tally tally = new Tally(done);
    Lanes.inOrder(
        how.lanes,
        open,
        together -> new Answered<>(together, asked(together, stage)),
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
          progress.update(how.name, tally.done, total, tally.worked / load);
        });
  }

  /** A failure says which rows it was of. */
  private static <Q, A> List<A> asked(List<Q> together, Questions<Q, A> stage) {
    try {
      return stage.ask(together);
    } catch (RuntimeException e) {
      e.addSuppressed(new FailedRows(together.stream().map(stage::row).toList()));
      throw e;
    }
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

  private static <Q> double work(List<Q> batch, Questions<Q, ?> stage) {
    return batch.stream().mapToLong(stage::length).sum();
  }

  /** Number of different rows that were scored. */
  public int rowsScored() {
    return scored.known.size();
  }

  /** Batches of this part, so far. */
  public int batches() {
    return own;
  }

  /** Batches of all parts, so far. */
  public int batchesOfAll() {
    return planned;
  }

  /**
   * Tokens that were scored or decoded with their prompts, padding not counted; a prompt counts
   * with each row that begins with it, however often a model computes it.
   */
  public long tokens() {
    return tokens;
  }
}
