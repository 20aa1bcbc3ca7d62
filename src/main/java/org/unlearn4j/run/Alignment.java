package org.unlearn4j.run;

import java.util.Arrays;

/**
 * Two texts laid side by side so that as many tokens as possible stand opposite an equal one, their
 * order kept: a longest common subsequence.
 *
 * @param opposite for each token of the first text its place in the second, or -1
 * @param length of the second text
 */
@SuppressWarnings("ArrayRecordComponent") // made here, read once
record Alignment(int[] opposite, int length) {

  /** Aligns; of several ways the one whose tokens stand opposite earliest. */
  static Alignment of(int[] text, int[] other) {
    int[][] common = new int[text.length + 1][other.length + 1]; // of what is left of both
    for (int i = text.length - 1; i >= 0; i--) {
      for (int j = other.length - 1; j >= 0; j--) {
        common[i][j] =
            text[i] == other[j]
                ? common[i + 1][j + 1] + 1
                : Math.max(common[i + 1][j], common[i][j + 1]);
      }
    }
    int[] opposite = new int[text.length];
    Arrays.fill(opposite, -1);
    int i = 0;
    int j = 0;
    while (i < text.length && j < other.length) {
      if (text[i] == other[j]) {
        opposite[i++] = j++;
      } else if (common[i + 1][j] >= common[i][j + 1]) {
        i++;
      } else {
        j++;
      }
    }
    return new Alignment(opposite, other.length);
  }

  /**
   * Numbers of the second text's tokens for those of the first: of the token opposite; between two
   * such tokens the mean of what the second text has between them; where it has nothing there, the
   * mean of all that it has without an opposite, or of all.
   *
   * @param values of the second text
   */
  double[] carry(double[] values) {
    boolean[] matched = new boolean[length];
    Arrays.stream(opposite).filter(j -> j >= 0).forEach(j -> matched[j] = true);
    double rest = mean(values, matched, 0, length);
    double otherwise = Double.isNaN(rest) ? Arrays.stream(values).average().orElseThrow() : rest;
    double[] carried = new double[opposite.length];
    for (int i = 0; i < opposite.length; i++) {
      if (opposite[i] >= 0) {
        carried[i] = values[opposite[i]];
      } else {
        double between = mean(values, matched, before(i) + 1, after(i));
        carried[i] = Double.isNaN(between) ? otherwise : between;
      }
    }
    return carried;
  }

  private int before(int i) {
    int at = i;
    while (at >= 0 && opposite[at] < 0) {
      at--;
    }
    return at < 0 ? -1 : opposite[at];
  }

  private int after(int i) {
    int at = i;
    while (at < opposite.length && opposite[at] < 0) {
      at++;
    }
    return at == opposite.length ? length : opposite[at];
  }

  /**
   * Of the values without an opposite from one place to before another; NaN where there is none.
   */
  private static double mean(double[] values, boolean[] matched, int from, int to) {
    double sum = 0;
    int count = 0;
    for (int j = from; j < to; j++) {
      if (!matched[j]) {
        sum += values[j];
        count++;
      }
    }
    return sum / count;
  }
}
