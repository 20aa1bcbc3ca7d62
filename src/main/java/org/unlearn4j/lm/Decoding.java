package org.unlearn4j.lm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The book-keeping of batched decoding with a key-value cache, the same for every runtime. Prompts
 * of different length are padded on the left, so that the last column is everybody's last token;
 * positions count real tokens only.
 *
 * <p>Per round: feed {@link #ids()}, {@link #positions()} and {@link #mask()}, then hand over the
 * logits after the last column, or, where {@link #greedy()}, the most probable next tokens.
 * Finished rows go along until all are done, or until {@link #thinned}; what they produce is
 * dropped.
 */
public final class Decoding {
  /** Rows whose next tokens are chosen together. */
  private static final int PIECE = 16;

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
  private int[] live;
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
    this.live = IntStream.range(0, rows).toArray();
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

  /** Rows that go along. */
  public int rows() {
    return live.length;
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

  /** Past and present tokens a row when all rows have ended, at most. */
  public int most() {
    return IntStream.range(0, rows)
        .map(r -> padding[r] + prompts.get(r).length + limit[r])
        .max()
        .orElse(0);
  }

  /** 1 at real tokens of past and present, {@code [rows * total]}. */
  public int[] mask() {
    int[] mask = new int[live.length * total];
    Arrays.fill(mask, 1);
    for (int i = 0; i < live.length; i++) {
      Arrays.fill(mask, i * total, i * total + padding[live[i]], 0);
    }
    return mask;
  }

  /**
   * Whether a quarter or more of the rows that go along are finished: what they cost until then is
   * more than it costs to leave them behind.
   */
  public boolean manyFinished() {
    return 4 * IntStream.of(live).filter(r -> finished[r]).count() >= live.length;
  }

  /**
   * Leaves finished rows behind; those that go on stay in their order. What is cached of rows has
   * to be left behind likewise, unless this round {@link #restarts()}.
   *
   * @return the places of the rows that stay, among those that went along
   */
  public int[] thinned() {
    int[] stay = IntStream.range(0, live.length).filter(i -> !finished[live[i]]).toArray();
    int[] fewer = new int[stay.length * width];
    int[] at = new int[fewer.length];
    for (int i = 0; i < stay.length; i++) {
      System.arraycopy(ids, stay[i] * width, fewer, i * width, width);
      System.arraycopy(positions, stay[i] * width, at, i * width, width);
    }
    ids = fewer;
    positions = at;
    live = IntStream.of(stay).map(i -> live[i]).toArray();
    return stay;
  }

  /** Whether the most probable tokens are enough, see {@link #accept(int[])}. */
  public boolean greedy() {
    return how.greedy();
  }

  /** Where the logits after the last column of each row are. */
  @FunctionalInterface
  public interface LastLogits {
    /**
     * Copies a row's logits. Called by several threads at once.
     *
     * @param row its place among those that go along
     * @param into {@code [vocab]}
     */
    void read(int row, float[] into);
  }

  /** Chooses every row's next token from its logits, of {@link #PIECE} rows by any thread. */
  public void accept(LastLogits logits, int vocabSize) {
    int[] next = new int[live.length];
    // A draw depends on nothing but its row, and takes as long as the row's step of a small model.
    IntStream.range(0, (next.length + PIECE - 1) / PIECE)
        .parallel()
        .forEach(
            piece -> {
              float[] own = new float[vocabSize];
              int end = Math.min(next.length, (piece + 1) * PIECE);
              for (int i = piece * PIECE; i < end; i++) {
                int r = live[i];
                if (!finished[r]) {
                  logits.read(i, own);
                  int place = continuations.get(r).size();
                  next[i] = how.choose(own, r, place);
                }
              }
            });
    accept(next);
  }

  /**
   * Takes every row's next token.
   *
   * @param next {@code [rows]}, of those that go along
   */
  public void accept(int[] next) {
    ids = new int[live.length];
    positions = new int[live.length];
    for (int i = 0; i < live.length; i++) {
      int r = live[i];
      if (!finished[r]) {
        finished[r] = take(r, next[i]);
        if (finished[r]) {
          listener.finished(r);
        }
      }
      // A finished row goes along at a position that every model has.
      ids[i] = finished[r] ? 0 : next[i];
      positions[i] = finished[r] ? 0 : nextPosition[r]++;
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

  /** All tokens of the rows that go along; those of finished rows end where they ended. */
  private void layOutAgain() {
    width = total;
    ids = new int[live.length * width];
    positions = new int[live.length * width];
    for (int i = 0; i < live.length; i++) {
      int r = live[i];
      int[] prompt = prompts.get(r);
      List<Integer> more = continuations.get(r);
      for (int t = 0; t < prompt.length + more.size(); t++) {
        int at = i * width + padding[r] + t;
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
