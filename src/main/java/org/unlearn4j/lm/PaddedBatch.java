package org.unlearn4j.lm;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.unlearn4j.base.UserException;

/**
 * Rows laid side by side, right-padded to the longest: ids 0, mask 0 at padding; positions count 0,
 * 1, 2, ... in every row, padding included.
 *
 * @param ids {@code [rows * time]}, row after row
 * @param mask {@code [rows * time]}, 1 at real tokens
 * @param positions {@code [rows * time]}
 * @param labelRows row of each labelled token, {@code [labelled]}
 * @param labelPositions flat index of each labelled token's own position, {@code [labelled]}; the
 *     position that predicts it is one less
 * @param labels each labelled token's id, {@code [labelled]}
 */
@SuppressWarnings("ArrayRecordComponent") // feeds a runtime once, never shared
public record PaddedBatch(
    int rows,
    int time,
    int[] ids,
    int[] mask,
    int[] positions,
    int[] labelRows,
    int[] labelPositions,
    int[] labels) {

  /** Lays out rows; at least one, each with at least one token. */
  public static PaddedBatch of(List<TokenRow> list) {
    return of(list, list.stream().mapToInt(TokenRow::length).max().orElseThrow());
  }

  /** Lays out rows with a given width, at least that of the longest. */
  public static PaddedBatch of(List<TokenRow> list, int time) {
    int rows = list.size();
    int labelled = list.stream().mapToInt(TokenRow::labelled).sum();
    PaddedBatch b =
        new PaddedBatch(
            rows,
            time,
            new int[rows * time],
            new int[rows * time],
            new int[rows * time],
            new int[labelled],
            new int[labelled],
            new int[labelled]);
    int n = 0;
    for (int r = 0; r < rows; r++) {
      TokenRow row = list.get(r);
      for (int t = 0; t < time; t++) {
        int at = r * time + t;
        b.positions[at] = t;
        if (t < row.length()) {
          b.ids[at] = row.ids()[t];
          b.mask[at] = 1;
          if (row.labels()[t] != TokenRow.IGNORED) {
            b.labelRows[n] = r;
            b.labelPositions[n] = at;
            b.labels[n] = row.labels()[t];
            n++;
          }
        }
      }
    }
    return b;
  }

  /**
   * Lays out prompts, each with several labels for the one position after its last token.
   *
   * @param candidates token ids, one array a prompt
   */
  public static PaddedBatch next(List<int[]> prompts, List<int[]> candidates) {
    PaddedBatch b = of(prompts.stream().map(TokenRow::unlabelled).toList());
    int all = candidates.stream().mapToInt(c -> c.length).sum();
    int[] rows = new int[all];
    int[] after = new int[all];
    int[] labels = new int[all];
    int n = 0;
    for (int r = 0; r < b.rows; r++) {
      for (int candidate : candidates.get(r)) {
        rows[n] = r;
        after[n] = r * b.time + prompts.get(r).length;
        labels[n++] = candidate;
      }
    }
    return new PaddedBatch(b.rows, b.time, b.ids, b.mask, b.positions, rows, after, labels);
  }

  /** Values of all labels, in their order, as one array a prompt. */
  public static float[][] split(float[] values, List<int[]> candidates) {
    float[][] split = new float[candidates.size()][];
    int from = 0;
    for (int i = 0; i < split.length; i++) {
      int to = from + candidates.get(i).length;
      split[i] = Arrays.copyOfRange(values, from, to);
      from = to;
    }
    return split;
  }

  /**
   * Checks that a model can read the batch.
   *
   * @throws UserException if a row is longer than the model, or an id or label is outside its
   *     vocabulary
   */
  public void requireFits(LanguageModel.Shape shape) {
    requireLength(time, shape);
    requireWithin("Token id", ids, shape.vocabSize());
    requireWithin("Label", labels, shape.vocabSize());
  }

  /**
   * The same of rows that have not been laid out.
   *
   * @throws UserException as above
   */
  public static void requireFit(List<TokenRow> list, LanguageModel.Shape shape) {
    list.forEach(row -> requireLength(row.length(), shape));
    list.forEach(row -> requireWithin("Token id", row.ids(), shape.vocabSize()));
    list.forEach(
        row ->
            requireWithin(
                "Label",
                Arrays.stream(row.labels()).filter(l -> l != TokenRow.IGNORED).toArray(),
                shape.vocabSize()));
  }

  private static void requireLength(int time, LanguageModel.Shape shape) {
    if (time > shape.maxPositions()) {
      throw new UserException(
          "A row of "
              + time
              + " tokens: expected at most the model's "
              + shape.maxPositions()
              + " positions.");
    }
  }

  private static void requireWithin(String what, int[] values, int vocabSize) {
    for (int id : values) {
      if (id < 0 || id >= vocabSize) {
        throw new UserException(
            what + " " + id + ": expected 0 to " + (vocabSize - 1) + ", the model's vocabulary.");
      }
    }
  }

  /** Flat index of the position that predicts each labelled token, {@code [labelled]}. */
  public int[] predictedFrom() {
    int[] from = labelPositions.clone();
    for (int i = 0; i < from.length; i++) {
      from[i]--;
    }
    return from;
  }

  /**
   * Checks how many tokens of each row are to be fed as past.
   *
   * @throws UserException unless each row has a token left
   */
  public static void requireCacheable(List<TokenRow> list, int cachedFrom) {
    int shortest = list.stream().mapToInt(TokenRow::length).min().orElseThrow();
    if (cachedFrom < 0 || cachedFrom >= shortest) {
      throw new UserException(
          "cached-from: found "
              + cachedFrom
              + ", expected 0 to "
              + (shortest - 1)
              + ", less than the shortest row.");
    }
  }

  /**
   * How many tokens of each row may be fed as past: as many as asked for, but none where a row
   * grows beyond the length up to which its cache holds. Then one pass is what decoding amounts to.
   *
   * @throws UserException unless each row has a token left
   */
  public static int cacheable(List<TokenRow> list, int cachedFrom, OptionalInt cacheLimit) {
    requireCacheable(list, cachedFrom);
    int longest = list.stream().mapToInt(TokenRow::length).max().orElseThrow();
    int limit = cacheLimit.orElse(Integer.MAX_VALUE);
    return cachedFrom <= limit && longest > limit ? 0 : cachedFrom;
  }

  /**
   * Room for something at every real position: {@code [row][time]}, the innermost arrays still to
   * come.
   */
  public static float[][][] ragged(List<TokenRow> list) {
    return list.stream().map(row -> new float[row.length()][]).toArray(float[][][]::new);
  }
}
