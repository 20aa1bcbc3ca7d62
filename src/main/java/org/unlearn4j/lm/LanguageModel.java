package org.unlearn4j.lm;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A causal language model on some runtime. Evaluation knows models by this interface alone, which
 * is what makes the comparison of two runtimes meaningful.
 *
 * <p>Rows given together are computed together as one right-padded batch: callers choose the
 * batches (see {@link BatchPlan}). Safe for use by {@link #lanes} threads at once, in {@link
 * #score}, {@link #features}, {@link #next} and {@link #generate}.
 */
public interface LanguageModel extends AutoCloseable {

  /** Sizes that callers need. */
  record Shape(int vocabSize, int hiddenSize, int layers, int maxPositions) {}

  Shape shape();

  /** The runtime and variant, as in reports: {@code tf} or {@code onnx:fp32}. */
  String runtime();

  /**
   * What the runtime was told of how to compute, by name, for records; empty where nothing can be
   * chosen.
   */
  default Map<String, String> session() {
    return Map.of();
  }

  /**
   * How many batches it had best be given at a time, each by a thread of its own. What comes out
   * does not depend on it.
   */
  default int lanes() {
    return 1;
  }

  /** Whether it has a key-value cache; without one nothing but {@code cachedFrom} 0 is possible. */
  default boolean cached() {
    return true;
  }

  /**
   * Which rows {@link #score} had best be given together.
   *
   * @param tokenBudget most tokens of a batch, padding included; a single longer row is a batch of
   *     its own
   * @return numbers of rows, each once
   */
  default List<int[]> batches(List<TokenRow> rows, int tokenBudget) {
    return BatchPlan.byLength(rows.size(), i -> rows.get(i).length(), tokenBudget);
  }

  /** Scores of every labelled token, row by row. */
  List<TokenScores> score(List<TokenRow> rows);

  /**
   * Hidden states averaged over the labelled positions of each row (each position's own label, no
   * shift).
   *
   * @return {@code [layers + 2][row][hidden]}: the embeddings (input of block 0), the residual
   *     stream after each block, and the output of the final norm; a row without labelled positions
   *     gives zeros
   */
  float[][][] features(List<TokenRow> rows);

  /** Whether {@link #routes} is there: whether tokens are sent to experts, and it can be told. */
  default boolean routed() {
    return false;
  }

  /** Which experts each real token goes through, its prompt's tokens too. */
  default Routes routes(List<TokenRow> rows) {
    throw new UnsupportedOperationException(runtime());
  }

  /**
   * Logits at every real position.
   *
   * @return {@code [row][time][vocab]}, each row as long as its ids
   */
  default float[][][] logits(List<TokenRow> rows) {
    return logits(rows, 0);
  }

  /**
   * Logits at every real position, the first {@code cachedFrom} tokens of each row given as past (a
   * first forward pass fills the key-value cache, a second one continues from it); 0 means one
   * pass.
   */
  float[][][] logits(List<TokenRow> rows, int cachedFrom);

  /**
   * The same, left where they are until they are read.
   *
   * @return to be closed by the caller, before the model is
   */
  default Logits openLogits(List<TokenRow> rows, int cachedFrom) {
    float[][][] all = logits(rows, cachedFrom);
    return new Logits() {
      @Override
      public void read(int row, int time, float[] into) {
        System.arraycopy(all[row][time], 0, into, 0, into.length);
      }

      @Override
      public void close() {
        // nothing but the heap's
      }
    };
  }

  /**
   * Whether {@link #lastLogits} is there: whether prompts of different length may lie in one batch,
   * padded on the left.
   */
  default boolean padsLeft() {
    return false;
  }

  /**
   * Logits after the last token of each prompt, of one batch that is padded on the left, as batched
   * decoding begins; nothing but the mask keeps padding from being seen.
   *
   * @return {@code [prompt][vocab]}
   */
  default float[][] lastLogits(List<int[]> prompts) {
    throw new UnsupportedOperationException(runtime());
  }

  /**
   * Continuations, decoded with the key-value cache.
   *
   * @param prompts token ids, one array a prompt; they may differ in length
   * @param listener told of every token, for streaming and progress
   */
  List<int[]> generate(List<int[]> prompts, Generation how, StepListener listener);

  /** Greedy continuations without a listener. */
  default List<int[]> generate(List<int[]> prompts, int maxNewTokens, Set<Integer> stop) {
    return generate(prompts, Generation.greedy(maxNewTokens, stop), (row, token) -> {});
  }

  /**
   * Several continuations of each prompt, {@code [prompt][sample]}. A runtime that can computes
   * each prompt once.
   *
   * @param each samples of a prompt
   * @param how its numbering counts samples: those of the first prompt, then those of the second
   */
  default List<List<int[]>> samples(List<int[]> prompts, int each, Generation how) {
    List<int[]> all = new ArrayList<>();
    prompts.forEach(p -> all.addAll(Collections.nCopies(each, p)));
    return grouped(generate(all, how, (row, token) -> {}), each);
  }

  /** Continuations by prompt. */
  static List<List<int[]>> grouped(List<int[]> continuations, int each) {
    List<List<int[]>> groups = new ArrayList<>();
    for (int from = 0; from < continuations.size(); from += each) {
      groups.add(List.copyOf(continuations.subList(from, from + each)));
    }
    return groups;
  }

  /**
   * Log-probabilities of given tokens right after each prompt, {@code [prompt][candidate]}.
   *
   * @param prompts token ids, each at least one
   * @param candidates token ids, one array a prompt
   */
  default float[][] next(List<int[]> prompts, List<int[]> candidates) {
    List<TokenRow> rows = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      for (int candidate : candidates.get(i)) {
        rows.add(TokenRow.answered(prompts.get(i), candidate));
      }
    }
    List<TokenScores> scores = score(rows);
    float[][] next = new float[prompts.size()][];
    int from = 0;
    for (int i = 0; i < next.length; i++) {
      next[i] = new float[candidates.get(i).length];
      for (int c = 0; c < next[i].length; c++) {
        next[i][c] = scores.get(from++).logProbs()[0];
      }
    }
    return next;
  }

  /** Told of each token as it is decoded. */
  @FunctionalInterface
  interface StepListener {
    void token(int row, int token);

    /** Asked after every token: whether the row ends here, without a token that says so. */
    default boolean ends(int row) {
      return false;
    }

    /** Told once of each row that is finished, for whatever reason. */
    default void finished(int row) {
      // most listeners want tokens only
    }
  }

  @Override
  void close();
}
