package org.unlearn4j.eval;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/**
 * One pass over a model for all metrics together: a row that several metrics or sets need goes
 * through the model once, and rows of like length go together. Not safe for several threads.
 */
public final class Scorer {
  private final LanguageModel model;
  private final int tokenBudget;
  private final Progress progress;
  private final Map<TokenRow, TokenScores> known = new HashMap<>();
  private long tokens;

  /**
   * A scorer that knows nothing yet.
   *
   * @param tokenBudget most tokens in a batch, padding included
   */
  public Scorer(LanguageModel model, int tokenBudget, Progress progress) {
    this.model = model;
    this.tokenBudget = tokenBudget;
    this.progress = progress;
  }

  /** Scores of every given row; only rows that were not seen before go through the model. */
  public Map<TokenRow, TokenScores> score(Collection<TokenRow> rows) {
    Set<TokenRow> distinct = new LinkedHashSet<>(rows);
    List<TokenRow> fresh = distinct.stream().filter(row -> !known.containsKey(row)).toList();
    int done = 0;
    for (int[] batch : BatchPlan.byLength(fresh.size(), i -> fresh.get(i).length(), tokenBudget)) {
      List<TokenRow> together = new ArrayList<>();
      for (int i : batch) {
        together.add(fresh.get(i));
        tokens += fresh.get(i).length();
      }
      List<TokenScores> scores = model.score(together);
      for (int i = 0; i < batch.length; i++) {
        known.put(together.get(i), scores.get(i));
      }
      done += batch.length;
      progress.update("score", done, fresh.size());
    }
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
    int done = 0;
    for (int[] batch :
        BatchPlan.byLength(
            distinct.size(), i -> distinct.get(i).length() + maxNewTokens, tokenBudget)) {
      List<int[]> together = new ArrayList<>();
      for (int i : batch) {
        together.add(distinct.get(i).ids());
      }
      List<int[]> decoded = model.generate(together, maxNewTokens, stop);
      for (int i = 0; i < batch.length; i++) {
        continuations.put(distinct.get(batch[i]), decoded.get(i));
        tokens += together.get(i).length + decoded.get(i).length;
      }
      done += batch.length;
      progress.update("generate", done, distinct.size());
    }
    return prompts.stream().map(p -> continuations.get(TokenRow.unlabelled(p))).toList();
  }

  /** Number of different rows that went through the model to be scored. */
  public int rowsScored() {
    return known.size();
  }

  /** Real tokens that went through the model, scored or decoded, padding not counted. */
  public long tokens() {
    return tokens;
  }
}
