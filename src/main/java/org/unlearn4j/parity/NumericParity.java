package org.unlearn4j.parity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
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
 * <p>Memory: on the heap two positions' logits, {@code 2 * vocab} floats, whatever the batch. In
 * the runtimes' memory the logits of two batches at a time, each of at most {@link #PIECE_FLOATS}
 * floats (64 MiB), or of one row where that alone is more; decoding takes as much again.
 */
final class NumericParity {
  private static final double PERCENTILE = 0.999;

  /** Largest number of logits of a batch of several rows. */
  static final int PIECE_FLOATS = 1 << 24;

  /** Below every difference; becomes NaN in the end, since no evidence is not good evidence. */
  private static final double NOTHING_COMPARED = -1;

  private final LanguageModel trained;
  private final LanguageModel deployed;
  private final int decodeTokens;
  private final float[] ours;
  private final float[] theirs;

  private long logits;
  private double sumAbs;
  private double maxAbs;
  private long positions;
  private double sumVariance;
  private final List<Double> divergences = new ArrayList<>();
  private int sameTop1;
  private double chunkedPrefill = NOTHING_COMPARED;
  private double cachedDecoding = NOTHING_COMPARED;
  private double leftPadding = NOTHING_COMPARED;

  private NumericParity(LanguageModel trained, LanguageModel deployed, int decodeTokens) {
    this.trained = trained;
    this.deployed = deployed;
    this.decodeTokens = decodeTokens;
    this.ours = new float[trained.shape().vocabSize()];
    this.theirs = new float[ours.length];
  }

  /**
   * Measures.
   *
   * @param rows real rows with labels, of several lengths so that batches are padded
   * @param tokenBudget most tokens in a batch; fewer where the vocabulary is so large that a batch
   *     would be more than a piece
   * @param decodeTokens tokens to decode with the key-value cache after each row's prompt
   */
  static NumericDifference measure(
      LanguageModel trained,
      LanguageModel deployed,
      List<TokenRow> rows,
      int tokenBudget,
      int decodeTokens,
      Progress progress) {
    int vocabulary = trained.shape().vocabSize();
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
    NumericParity parity = new NumericParity(trained, deployed, decodeTokens);
    int done = 0;
    int budget = Math.min(tokenBudget, Math.max(1, PIECE_FLOATS / vocabulary));
    for (int[] batch : BatchPlan.byLength(rows.size(), i -> rows.get(i).length(), budget)) {
      parity.batch(IntStream.of(batch).mapToObj(rows::get).toList());
      done += batch.length;
      progress.update("parity", done, rows.size());
      StopRequest.check();
    }
    return parity.difference();
  }

  private void batch(List<TokenRow> rows) {
    try (Logits full = deployed.openLogits(rows, 0)) {
      try (Logits reference = trained.openLogits(rows, 0)) {
        for (int r = 0; r < rows.size(); r++) {
          row(rows.get(r), r, reference, full);
        }
      }
      if (deployed.cached()) {
        cachedPrefill(rows, full);
      }
      if (deployed.padsLeft()) {
        leftPadding(rows, full);
      }
    }
    if (deployed.cached()) {
      cachedDecoding(rows);
    }
  }

  /** What only a mask can keep out: padding in front of tokens that may look back. */
  private void leftPadding(List<TokenRow> rows, Logits full) {
    List<int[]> prompts = rows.stream().map(NumericParity::prompt).toList();
    float[][] padded = deployed.lastLogits(prompts);
    for (int r = 0; r < rows.size(); r++) {
      full.read(r, prompts.get(r).length - 1, ours);
      leftPadding = Math.max(leftPadding, largestDifference(ours, padded[r]));
    }
  }

  private void row(TokenRow row, int r, Logits reference, Logits full) {
    for (int t = 0; t < row.length(); t++) {
      reference.read(r, t, ours);
      full.read(r, t, theirs);
      position(ours, theirs);
      if (t + 1 < row.length() && row.labels()[t + 1] != TokenRow.IGNORED) {
        divergences.add(divergence(ours, theirs));
        sameTop1 += sameTop(ours, theirs) ? 1 : 0;
      }
    }
  }

  private void position(float[] a, float[] b) {
    double mean = 0;
    for (float logit : a) {
      mean += (double) logit / a.length;
    }
    double variance = 0;
    for (int v = 0; v < a.length; v++) {
      double difference = Math.abs((double) a[v] - b[v]);
      sumAbs += difference;
      maxAbs = Math.max(maxAbs, difference); // Math.max hands NaN on
      variance += (a[v] - mean) * (a[v] - mean) / a.length;
    }
    logits += a.length;
    positions++;
    sumVariance += variance;
  }

  /** KL(p || q) of two rows of logits, in nats. */
  private static double divergence(float[] a, float[] b) {
    double logSumA = logSumExp(a);
    double logSumB = logSumExp(b);
    double kl = 0;
    for (int v = 0; v < a.length; v++) {
      double logP = a[v] - logSumA;
      kl += Math.exp(logP) * (logP - (b[v] - logSumB));
    }
    return Math.max(0, kl); // rounding may leave -1e-17; NaN is handed on
  }

  private static double logSumExp(float[] logits) {
    double max = largest(logits);
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return max + Math.log(sum);
  }

  private static double largest(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    return max;
  }

  private static boolean sameTop(float[] a, float[] b) {
    int top = argmax(a);
    return top >= 0 && top == argmax(b);
  }

  /** The first of the largest values; -1 if one is NaN. */
  private static int argmax(float[] values) {
    int best = 0;
    for (int v = 0; v < values.length; v++) {
      if (Float.isNaN(values[v])) {
        return -1;
      }
      best = values[v] > values[best] ? v : best;
    }
    return best;
  }

  /** Chunked prefill, half of the shortest row and all but its last token, against one pass. */
  private void cachedPrefill(List<TokenRow> rows, Logits full) {
    int shortest = rows.stream().mapToInt(TokenRow::length).min().orElseThrow();
    for (int split : IntStream.of(shortest / 2, shortest - 1).distinct().toArray()) {
      if (split > 0) {
        try (Logits chunked = deployed.openLogits(rows, split)) {
          for (int r = 0; r < rows.size(); r++) {
            for (int t = 0; t < rows.get(r).length(); t++) {
              full.read(r, t, ours);
              chunked.read(r, t, theirs);
              chunkedPrefill = Math.max(chunkedPrefill, largestDifference(ours, theirs));
            }
          }
        }
      }
    }
  }

  private static double largestDifference(float[] a, float[] b) {
    double largest = 0;
    for (int v = 0; v < a.length; v++) {
      largest = Math.max(largest, Math.abs((double) a[v] - b[v]));
    }
    return largest;
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
          double below = largest(theirs) - theirs[decoded.get(r)[i]];
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

  private NumericDifference difference() {
    int tokens = divergences.size();
    double spread = Math.sqrt(sumVariance / positions);
    Map<NumericMeasure, Double> measured = new EnumMap<>(NumericMeasure.class);
    measured.put(NumericMeasure.LOGIT_MAX_ABS, maxAbs);
    measured.put(NumericMeasure.LOGIT_MEAN_ABS, sumAbs / logits);
    measured.put(NumericMeasure.LOGIT_SPREAD, spread);
    measured.put(
        NumericMeasure.KL_MEAN,
        divergences.stream().mapToDouble(Double::doubleValue).sum() / tokens);
    measured.put(NumericMeasure.KL_P999, percentile());
    measured.put(NumericMeasure.TOP1_AGREEMENT, (double) sameTop1 / tokens);
    measured.put(NumericMeasure.CHUNKED_PREFILL, compared(chunkedPrefill));
    measured.put(NumericMeasure.CACHED_DECODING, compared(cachedDecoding));
    measured.put(NumericMeasure.LEFT_PADDING, compared(leftPadding));
    return new NumericDifference(positions, tokens, measured);
  }

  /** The smallest value that 99.9 % of the tokens do not exceed. */
  private double percentile() {
    double[] sorted = divergences.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0 || Double.isNaN(sorted[sorted.length - 1])) {
      return Double.NaN; // NaN is sorted last
    }
    return sorted[(int) Math.ceil(PERCENTILE * sorted.length) - 1];
  }
}
