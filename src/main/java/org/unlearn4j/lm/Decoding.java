package org.unlearn4j.lm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * The book-keeping of batched decoding with a key-value cache, the same for every runtime. Prompts
 * of different length are padded on the left, so that the last column is everybody's last token;
 * positions count real tokens only.
 *
 * <p>Per round: feed {@link #ids()}, {@link #positions()} and {@link #mask()}, then hand over the
 * logits after the last column, or, where {@link #greedy()}, the most probable next tokens.
 * Finished rows go along until all are done; what they produce is dropped.
 */
public final class Decoding {
  private final int rows;
  private final Generation how;
  private final LanguageModel.StepListener listener;
  private final List<List<Integer>> continuations = new ArrayList<>();
  private final boolean[] finished;
  private final int[] nextPosition;
  private final int[] limit;
  private final int[] padding;
  private final List<int[]> prompts;
  private final OptionalInt cacheLimit;
  private int[] ids;
  private int[] positions;
  private int width;
  private int total;
  private boolean restarts = true;

  /** Starts decoding with a model whose cache holds at any length. */
  public Decoding(
      List<int[]> prompts, Generation how, int maxPositions, LanguageModel.StepListener listener) {
    this(prompts, how, maxPositions, OptionalInt.empty(), listener);
  }

  /**
   * Starts decoding.
   *
   * @param maxPositions of the model; a row ends where it reaches it, whatever the others do
   * @param cacheLimit length beyond which what is cached of a row has to be computed again
   */
  public Decoding(
      List<int[]> prompts,
      Generation how,
      int maxPositions,
      OptionalInt cacheLimit,
      LanguageModel.StepListener listener) {
    this.prompts = prompts;
    this.cacheLimit = cacheLimit;
    this.rows = prompts.size();
    this.how = how;
    this.listener = listener;
    this.width = prompts.stream().mapToInt(p -> p.length).max().orElse(0);
    this.limit = new int[rows];
    this.finished = new boolean[rows];
    this.nextPosition = new int[rows];
    this.padding = new int[rows];
    this.total = width;
    this.ids = new int[rows * width];
    this.positions = new int[rows * width];
    for (int r = 0; r < rows; r++) {
      int[] prompt = prompts.get(r);
      if (prompt.length == 0) {
        throw new IllegalArgumentException("prompt " + r + " is empty");
      }
      padding[r] = width - prompt.length;
      nextPosition[r] = prompt.length;
      continuations.add(new ArrayList<>());
      limit[r] = Math.min(how.maxNewTokens(), maxPositions - prompt.length);
      finished[r] = limit[r] <= 0;
      for (int t = 0; t < prompt.length; t++) {
        ids[r * width + padding[r] + t] = prompt[t];
        positions[r * width + padding[r] + t] = t;
      }
    }
  }

  public boolean done() {
    for (boolean f : finished) {
      if (!f) {
        return false;
      }
    }
    return true;
  }

  /** Tokens to feed, {@code [rows * width]}. */
  public int[] ids() {
    return ids;
  }

  /** Their positions, {@code [rows * width]}. */
  public int[] positions() {
    return positions;
  }

  /** Tokens a row in this round: all where it {@link #restarts()}, else 1. */
  public int width() {
    return width;
  }

  /**
   * Whether this round starts from an empty cache: the first one, and one in which a row has grown
   * beyond the cache's limit. Then every token is fed again.
   */
  public boolean restarts() {
    return restarts;
  }

  /**
   * Whether this round may be fed a few columns at a time: not where a row is longer than the
   * cache's limit, since its first columns alone would be taken for a shorter one.
   */
  public boolean dividable() {
    int longest = Arrays.stream(nextPosition).max().orElse(0);
    return cacheLimit.isEmpty() || longest <= cacheLimit.getAsInt();
  }

  /** Past and present tokens a row. */
  public int total() {
    return total;
  }

  /** 1 at real tokens of past and present, {@code [rows * total]}. */
  public int[] mask() {
    int[] mask = new int[rows * total];
    Arrays.fill(mask, 1);
    for (int r = 0; r < rows; r++) {
      Arrays.fill(mask, r * total, r * total + padding[r], 0);
    }
    return mask;
  }

  /** Whether the most probable tokens are enough, see {@link #accept(int[])}. */
  public boolean greedy() {
    return how.sampling().greedy();
  }

  /** Where the logits after the last column of each row are. */
  @FunctionalInterface
  public interface LastLogits {
    /** Copies a row's logits, {@code [vocab]}. */
    void read(int row, float[] into);
  }

  /** Chooses every row's next token from its logits. */
  public void accept(LastLogits logits, int vocabSize) {
    float[] own = new float[vocabSize];
    int[] next = new int[rows];
    for (int r = 0; r < rows; r++) {
      if (!finished[r]) {
        logits.read(r, own);
        next[r] = how.sampling().choose(own, how.firstPrompt() + r, continuations.get(r).size());
      }
    }
    accept(next);
  }

  /**
   * Takes every row's next token.
   *
   * @param next {@code [rows]}
   */
  public void accept(int[] next) {
    ids = new int[rows];
    positions = new int[rows];
    for (int r = 0; r < rows; r++) {
      if (!finished[r]) {
        finished[r] = take(r, next[r]);
        if (finished[r]) {
          listener.finished(r);
        }
      }
      // A finished row goes along at a position that every model has.
      ids[r] = finished[r] ? 0 : next[r];
      positions[r] = finished[r] ? 0 : nextPosition[r]++;
    }
    width = 1;
    total++;
    restarts = crossed();
    if (restarts) {
      layOutAgain();
    }
  }

  /** Whether a row that goes on is now one token longer than the cache's limit. */
  private boolean crossed() {
    for (int r = 0; r < rows; r++) {
      if (cacheLimit.isPresent() && !finished[r] && nextPosition[r] == cacheLimit.getAsInt() + 1) {
        return true;
      }
    }
    return false;
  }

  /** All tokens of all rows; those of finished rows end where they ended. */
  private void layOutAgain() {
    width = total;
    ids = new int[rows * width];
    positions = new int[rows * width];
    for (int r = 0; r < rows; r++) {
      int[] prompt = prompts.get(r);
      List<Integer> more = continuations.get(r);
      for (int t = 0; t < prompt.length + more.size(); t++) {
        int at = r * width + padding[r] + t;
        ids[at] = t < prompt.length ? prompt[t] : more.get(t - prompt.length);
        positions[at] = t;
      }
    }
  }

  /** Whether the row ends with it. */
  private boolean take(int row, int token) {
    if (how.stop().contains(token)) {
      return true;
    }
    continuations.get(row).add(token);
    listener.token(row, token);
    return continuations.get(row).size() == limit[row] || listener.ends(row);
  }

  /** What each row got, without the stop token. */
  public List<int[]> continuations() {
    return continuations.stream()
        .map(c -> c.stream().mapToInt(Integer::intValue).toArray())
        .toList();
  }
}
