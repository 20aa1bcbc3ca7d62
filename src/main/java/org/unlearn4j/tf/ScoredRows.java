package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.unlearn4j.lm.PaddedBatch;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.lm.TokenScores;

/** Scores of a batch's labelled tokens, cut into its rows. */
final class ScoredRows {
  private ScoredRows() {}

  /** The values with their signs turned, in place. */
  static float[] negated(float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] = -values[i];
    }
    return values;
  }

  /** Cuts what was computed of all labels, {@code [labelled]} each. */
  static List<TokenScores> of(
      List<TokenRow> rows,
      PaddedBatch b,
      float[] logProbs,
      int[] argmax,
      float[] mean,
      float[] variance) {
    List<TokenScores> scores = new ArrayList<>();
    int from = 0;
    for (TokenRow row : rows) {
      int to = from + row.labelled();
      scores.add(
          new TokenScores(
              Arrays.copyOfRange(b.labels(), from, to),
              Arrays.copyOfRange(logProbs, from, to),
              Arrays.copyOfRange(argmax, from, to),
              Arrays.copyOfRange(mean, from, to),
              Arrays.copyOfRange(variance, from, to)));
      from = to;
    }
    return scores;
  }
}
