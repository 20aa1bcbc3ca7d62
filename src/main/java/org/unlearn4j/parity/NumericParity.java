package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.unlearn4j.base.Lanes;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.lm.BatchPlan;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.Logits;
import org.unlearn4j.lm.TokenRow;

/**
 * Compares the logits of two models on the same rows, piece by piece.
 *
 * <p>Memory, for each batch at a time (as many as {@link LanguageModel#lanes} and both references
 * allow): on the heap two positions' logits, {@code 2 * vocab} floats, whatever the batch. In the
 * runtimes' memory the logits of two batches at a time, each of at most {@link #PIECE_FLOATS}
 * floats (64 MiB), or of one row where that alone is more; decoding takes as much again.
 */
final class NumericParity {
  /** Largest number of logits of a batch of several rows. */
  static final int PIECE_FLOATS = 1 << 24;

  /** So few batches are checked in every way. */
  private static final int FEW = 8;

  /** Below every difference; becomes NaN in the end, since no evidence is not good evidence. */
  private static final double NOTHING_COMPARED = -1;

  /** How a file is held against itself. */
  private enum Way {
    /** The cache is filled with half of the shortest row, then with the rest. */
    HALF,
    /** Decoding with the cache. */
    DECODED,
    /** The cache is filled with all but the shortest row's last token, then with the rest. */
    LAST,
    /** Rows padded on the left. */
    PADDED
  }

  private static final List<Way> WAYS = List.of(Way.values());

  private final ReferenceLogits trained;
  private final Optional<ReferenceLogits> readBack;
  private final boolean sameWeights;
  private final LanguageModel deployed;
  private final int decodeTokens;
  private final float[] ours;
  private final float[] theirs;

  private final LogitDifference total = new LogitDifference();
  private final Optional<LogitDifference> graph;
  private boolean everyWay;
  private int turn;
  private double chunkedPrefill = NOTHING_COMPARED;
  private double cachedDecoding = NOTHING_COMPARED;
  private double leftPadding = NOTHING_COMPARED;

  /**
   * What was found.
   *
   * @param total the file against the trained weights, and against itself
   * @param graph the file against the weights that are read back from it
   */
  record Measured(NumericDifference total, Optional<NumericDifference> graph) {}

  private NumericParity(
      ReferenceLogits trained,
      Optional<ReferenceLogits> readBack,
      LanguageModel deployed,
      int decodeTokens) {
    this.trained = trained;
    this.readBack = readBack.filter(r -> r != trained); // equal weights are compared once
    this.sameWeights = readBack.isPresent() && this.readBack.isEmpty();
    this.graph = this.readBack.map(r -> new LogitDifference());
    this.deployed = deployed;
    this.decodeTokens = decodeTokens;
    this.ours = new float[trained.vocabSize()];
    this.theirs = new float[ours.length];
  }

  /**
   * Measures.
   *
   * @param trained logits of these rows
   * @param readBack the same of the weights that the file stands for
   * @param rows real rows with labels, of several lengths so that batches are padded
   * @param tokenBudget most tokens in a batch; fewer where the vocabulary is so large that a batch
   *     would be more than a piece
   * @param decodeTokens tokens to decode with the key-value cache after each row's prompt
   */
  static Measured measure(
      ReferenceLogits trained,
      Optional<ReferenceLogits> readBack,
      LanguageModel deployed,
      List<TokenRow> rows,
      int tokenBudget,
      int decodeTokens,
      Progress progress) {
    int vocabulary = trained.vocabSize();
    if (vocabulary != deployed.shape().vocabSize()) {
      throw new UserException(
          deployed.runtime()
              + ": found a vocabulary of "
              + deployed.shape().vocabSize()
              + " tokens, expected the "
              + vocabulary
              + " of the model under "
              + trained.runtime()
              + ".");
    }
    List<int[]> batches = batches(rows, vocabulary, tokenBudget);
    NumericParity parity = new NumericParity(trained, readBack, deployed, decodeTokens);
    int lanes = Math.min(deployed.lanes(), trained.lanes());
    int[] done = {0};
    Lanes.inOrder(
        readBack.map(r -> Math.min(lanes, r.lanes())).orElse(lanes),
        // The last one has most to do: it is begun first, so that no thread waits for it.
        IntStream.iterate(batches.size() - 1, i -> i >= 0, i -> i - 1).boxed().toList(),
        i -> {
          NumericParity own = new NumericParity(trained, readBack, deployed, decodeTokens);
          own.everyWay = batches.size() < FEW || i == batches.size() - 1;
          own.turn = i;
          own.batch(batches.get(i), IntStream.of(batches.get(i)).mapToObj(rows::get).toList());
          done(progress, done, batches.get(i).length, rows.size());
          return own;
        },
        measured -> {
          parity.add(measured);
          StopRequest.check();
        });
    return parity.measured();
  }

  private static void done(Progress progress, int[] done, int more, int all) {
    synchronized (done) {
      done[0] += more;
      progress.update("parity", done[0], all);
    }
  }

  /** Takes what another one has measured of other rows. */
  private void add(NumericParity other) {
    total.add(other.total);
    graph.ifPresent(g -> g.add(other.graph.orElseThrow()));
    chunkedPrefill = Math.max(chunkedPrefill, other.chunkedPrefill);
    cachedDecoding = Math.max(cachedDecoding, other.cachedDecoding);
    leftPadding = Math.max(leftPadding, other.leftPadding);
  }

  /** Batches whose logits a piece holds, the longest rows last. */
  static List<int[]> batches(List<TokenRow> rows, int vocabulary, int tokenBudget) {
    int budget = Math.min(tokenBudget, Math.max(1, PIECE_FLOATS / vocabulary));
    return BatchPlan.byLength(rows.size(), i -> rows.get(i).length(), budget);
  }

  /**
   * Every row's logits, and whether the file agrees with itself. The latter belongs to the graph,
   * whatever the row: of many batches each is checked in one way, in turns; the last one, which has
   * the longest rows, in all.
   */
  private void batch(int[] numbers, List<TokenRow> rows) {
    try (Logits full = deployed.openLogits(rows, 0)) {
      compare(total, trained, numbers, rows, full);
      readBack.ifPresent(r -> compare(graph.orElseThrow(), r, numbers, rows, full));
      int shortest = rows.stream().mapToInt(TokenRow::length).min().orElseThrow();
      if (deployed.cached() && isDue(Way.HALF)) {
        cachedPrefill(rows, full, shortest / 2);
      }
      if (deployed.cached() && isDue(Way.LAST)) {
        cachedPrefill(rows, full, shortest - 1);
      }
      if (deployed.padsLeft() && isDue(Way.PADDED)) {
        leftPadding(rows, full);
      }
    }
    if (deployed.cached() && isDue(Way.DECODED)) {
      cachedDecoding(rows);
    }
  }

  private boolean isDue(Way way) {
    return everyWay || WAYS.get(turn % WAYS.size()) == way;
  }

  /** What only a mask can keep out: padding in front of tokens that may look back. */
  private void leftPadding(List<TokenRow> rows, Logits full) {
    List<int[]> prompts = rows.stream().map(NumericParity::prompt).toList();
    float[][] padded = deployed.lastLogits(prompts);
    for (int r = 0; r < rows.size(); r++) {
      full.read(r, prompts.get(r).length - 1, ours);
      leftPadding = Math.max(leftPadding, LogitDifference.largestDifference(ours, padded[r]));
    }
  }

  private void compare(
      LogitDifference into,
      ReferenceLogits right,
      int[] numbers,
      List<TokenRow> rows,
      Logits full) {
    try (Logits reference = right.open(numbers, rows)) {
      for (int r = 0; r < rows.size(); r++) {
        TokenRow row = rows.get(r);
        for (int t = 0; t < row.length(); t++) {
          reference.read(r, t, ours);
          full.read(r, t, theirs);
          into.accept(
              ours, theirs, t + 1 < row.length() && row.labels()[t + 1] != TokenRow.IGNORED);
        }
      }
    }
  }

  /** A pass in two chunks against one pass. */
  private void cachedPrefill(List<TokenRow> rows, Logits full, int split) {
    if (split == 0) {
      return;
    }
    try (Logits chunked = deployed.openLogits(rows, split)) {
      for (int r = 0; r < rows.size(); r++) {
        for (int t = 0; t < rows.get(r).length(); t++) {
          full.read(r, t, ours);
          chunked.read(r, t, theirs);
          chunkedPrefill =
              Math.max(chunkedPrefill, LogitDifference.largestDifference(ours, theirs));
        }
      }
    }
  }

  /**
   * Decodes step by step with the key-value cache, then gives the result to one full pass: how far
   * each decoded token's logit is below the largest one there.
   */
  private void cachedDecoding(List<TokenRow> rows) {
    List<int[]> prompts = rows.stream().map(NumericParity::prompt).toList();
    List<int[]> decoded = deployed.generate(prompts, decodeTokens, Set.of());
    List<TokenRow> whole = new ArrayList<>();
    for (int r = 0; r < prompts.size(); r++) {
      int[] ids = Arrays.copyOf(prompts.get(r), prompts.get(r).length + decoded.get(r).length);
      System.arraycopy(decoded.get(r), 0, ids, prompts.get(r).length, decoded.get(r).length);
      whole.add(TokenRow.unlabelled(ids));
    }
    try (Logits full = deployed.openLogits(whole, 0)) {
      for (int r = 0; r < whole.size(); r++) {
        for (int i = 0; i < decoded.get(r).length; i++) {
          full.read(r, prompts.get(r).length + i - 1, theirs);
          double below = LogitDifference.largest(theirs) - theirs[decoded.get(r)[i]];
          cachedDecoding = Math.max(cachedDecoding, below);
        }
      }
    }
  }

  /** What comes before the first labelled token; the whole row where there is none. */
  private static int[] prompt(TokenRow row) {
    int length = 0;
    while (length < row.length() && row.labels()[length] == TokenRow.IGNORED) {
      length++;
    }
    return Arrays.copyOf(row.ids(), length);
  }

  private static double compared(double largest) {
    return largest == NOTHING_COMPARED ? Double.NaN : largest;
  }

  private Map<NumericMeasure, Double> own() {
    Map<NumericMeasure, Double> own = new EnumMap<>(NumericMeasure.class);
    own.put(NumericMeasure.CHUNKED_PREFILL, compared(chunkedPrefill));
    own.put(NumericMeasure.CACHED_DECODING, compared(cachedDecoding));
    own.put(NumericMeasure.LEFT_PADDING, compared(leftPadding));
    return own;
  }

  /** There is one cache, and it is the same whatever the file is held against. */
  private static Map<NumericMeasure, Double> notOwn() {
    Map<NumericMeasure, Double> none = new EnumMap<>(NumericMeasure.class);
    none.put(NumericMeasure.CHUNKED_PREFILL, Double.NaN);
    none.put(NumericMeasure.CACHED_DECODING, Double.NaN);
    none.put(NumericMeasure.LEFT_PADDING, Double.NaN);
    return none;
  }

  private Measured measured() {
    return new Measured(
        total.measured(own()),
        (sameWeights ? Optional.of(total) : graph).map(g -> g.measured(notOwn())));
  }
}
