package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.RowGradients;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * One pass over a model for all metrics together: a row that several metrics or sets need goes
 * through the model once, and rows of like length go together. Not safe for several threads.
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
  private final Map<TokenRow, TokenScores> known = new HashMap<>();
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

  /** What is done with the rows of a stage, which keeps what comes out. */
  private interface Batch {
    /** Takes a row's result from the journal, if it is there. */
    boolean recall(int row);

    /** Sends rows through the model together. */
    void compute(int[] rows);
  }

  /** Scores of every given row; only rows that were not seen before go through the model. */
  public Map<TokenRow, TokenScores> score(Collection<TokenRow> rows) {
    Set<TokenRow> distinct = new LinkedHashSet<>(rows);
    List<TokenRow> fresh = distinct.stream().filter(row -> !known.containsKey(row)).toList();
    run(
        "score",
        fresh.size(),
        i -> fresh.get(i).length(),
        tokenBudget,
        new Batch() {
          @Override
          public boolean recall(int i) {
            Optional<TokenScores> scores = journal.scores(fresh.get(i));
            scores.ifPresent(s -> known.put(fresh.get(i), s));
            return scores.isPresent();
          }

          @Override
          public void compute(int[] batch) {
            List<TokenRow> together = Arrays.stream(batch).mapToObj(fresh::get).toList();
            List<TokenScores> scores = model.score(together);
            for (int i = 0; i < batch.length; i++) {
              known.put(together.get(i), scores.get(i));
              journal.put(together.get(i), scores.get(i));
              tokens += together.get(i).length();
            }
          }
        });
    Map<TokenRow, TokenScores> result = new HashMap<>();
    distinct.forEach(row -> result.put(row, known.get(row)));
    return result;
  }

  /**
   * Greedy continuations, one a prompt, in the order of the prompts; equal prompts are decoded
   * once.
   *
   * @param stop tokens that end a continuation and are not part of it
   */
  public List<int[]> generate(List<int[]> prompts, int maxNewTokens, Set<Integer> stop) {
    Map<TokenRow, int[]> continuations = new LinkedHashMap<>();
    prompts.forEach(prompt -> continuations.put(TokenRow.unlabelled(prompt), new int[0]));
    List<TokenRow> distinct = List.copyOf(continuations.keySet());
    run(
        "generate",
        distinct.size(),
        i -> distinct.get(i).length() + maxNewTokens,
        tokenBudget,
        new Batch() {
          @Override
          public boolean recall(int i) {
            Optional<int[]> tokens = journal.generation(distinct.get(i).ids(), maxNewTokens);
            tokens.ifPresent(t -> continuations.put(distinct.get(i), t));
            return tokens.isPresent();
          }

          @Override
          public void compute(int[] batch) {
            List<int[]> together =
                Arrays.stream(batch).mapToObj(i -> distinct.get(i).ids()).toList();
            List<int[]> decoded = model.generate(together, maxNewTokens, stop);
            for (int i = 0; i < batch.length; i++) {
              continuations.put(distinct.get(batch[i]), decoded.get(i));
              journal.put(together.get(i), maxNewTokens, decoded.get(i));
              tokens += together.get(i).length + decoded.get(i).length;
            }
          }
        });
    return prompts.stream().map(p -> continuations.get(TokenRow.unlabelled(p))).toList();
  }

  /**
   * Log-probabilities of given tokens right after each prompt, {@code [prompt][candidate]}.
   *
   * @param candidates token ids, one array a prompt
   */
  public List<float[]> next(List<int[]> prompts, List<int[]> candidates) {
    float[][] all = new float[prompts.size()][];
    run(
        "choose",
        all.length,
        i -> prompts.get(i).length,
        tokenBudget,
        new Batch() {
          @Override
          public boolean recall(int i) {
            all[i] = journal.next(prompts.get(i), candidates.get(i)).orElse(null);
            return all[i] != null;
          }

          @Override
          public void compute(int[] batch) {
            float[][] some =
                model.next(
                    Arrays.stream(batch).mapToObj(prompts::get).toList(),
                    Arrays.stream(batch).mapToObj(candidates::get).toList());
            for (int i = 0; i < batch.length; i++) {
              all[batch[i]] = some[i];
              journal.put(prompts.get(batch[i]), candidates.get(batch[i]), some[i]);
              tokens += prompts.get(batch[i]).length;
            }
          }
        });
    return List.of(all);
  }

  /** Gradient norms of rows, {@link RowGradients#norms}, one row at a time. */
  public double[] gradientNorms(List<TokenRow> rows, RowGradients gradients) {
    double[] norms = new double[rows.size()];
    run(
        "gradients",
        norms.length,
        i -> rows.get(i).length(),
        1,
        new Batch() {
          @Override
          public boolean recall(int i) {
            Optional<Double> norm = journal.gradientNorm(rows.get(i));
            norm.ifPresent(n -> norms[i] = n);
            return norm.isPresent();
          }

          @Override
          public void compute(int[] batch) {
            for (int i : batch) {
              norms[i] = gradients.norms(List.of(rows.get(i)))[0];
              journal.put(rows.get(i), norms[i]);
              tokens += rows.get(i).length();
            }
          }
        });
    return norms;
  }

  /** Batch after batch, those that the journal knows as a whole without the model. */
  private void run(String stage, int count, IntUnaryOperator length, int budget, Batch work) {
    List<int[]> plan = BatchPlan.byLength(count, length, budget);
    List<int[]> open = new ArrayList<>();
    int done = 0;
    for (int[] batch : plan) {
      if (Arrays.stream(batch).allMatch(work::recall)) {
        done += batch.length;
      } else {
        open.add(batch);
      }
    }
    if (open.isEmpty()) {
      return;
    }
    progress.begin(stage, done, count);
    double all = open.stream().mapToDouble(b -> work(b, length)).sum();
    double worked = 0;
    for (int[] batch : open) {
      work.compute(batch);
      journal.flush();
      done += batch.length;
      worked += work(batch, length);
      progress.update(stage, done, count, worked / all);
    }
  }

  private static double work(int[] batch, IntUnaryOperator length) {
    return Arrays.stream(batch).map(length).asLongStream().sum();
  }

  /** Number of different rows that were scored. */
  public int rowsScored() {
    return known.size();
  }

  /** Real tokens that went through the model, scored or decoded, padding not counted. */
  public long tokens() {
    return tokens;
  }
}
