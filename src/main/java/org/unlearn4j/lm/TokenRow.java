package org.unlearn4j.lm;

import java.util.Arrays;

/**
 * One sequence: token ids and, aligned with them (not shifted), labels.
 *
 * <p>A position t is <em>labelled</em> when {@code labels[t] != IGNORED}; its token is predicted by
 * the hidden state at t-1, so position 0 never is labelled.
 *
 * @param ids token ids, {@code [time]}
 * @param labels the token id where the loss runs, {@link #IGNORED} elsewhere, {@code [time]}
 */
@SuppressWarnings(
    "ArrayRecordComponent") // rows are made once and never changed; copying would double the data
// set
public record TokenRow(int[] ids, int[] labels) {
  /** The label of positions that no loss and no metric sees. */
  public static final int IGNORED = -100;

  public TokenRow {
    if (ids.length != labels.length) {
      throw new IllegalArgumentException(ids.length + " ids but " + labels.length + " labels");
    }
    if (labels.length > 0 && labels[0] != IGNORED) {
      throw new IllegalArgumentException("position 0 is labelled, but no position predicts it");
    }
  }

  /** A row without labels, for generation. */
  public static TokenRow unlabelled(int... ids) {
    int[] labels = new int[ids.length];
    Arrays.fill(labels, IGNORED);
    return new TokenRow(ids, labels);
  }

  /**
   * A prompt and what follows it, labels on the latter alone.
   *
   * @throws IllegalArgumentException if the prompt is empty, so that nothing predicts the answer
   */
  public static TokenRow answered(int[] prompt, int... answer) {
    int[] ids = Arrays.copyOf(prompt, prompt.length + answer.length);
    System.arraycopy(answer, 0, ids, prompt.length, answer.length);
    int[] labels = ids.clone();
    Arrays.fill(labels, 0, prompt.length, IGNORED);
    return new TokenRow(ids, labels);
  }

  public int length() {
    return ids.length;
  }

  /** Number of tokens before the first labelled one. */
  public int prompt() {
    int t = 0;
    while (t < labels.length && labels[t] == IGNORED) {
      t++;
    }
    return t;
  }

  /** Number of labelled positions. */
  public int labelled() {
    int n = 0;
    for (int label : labels) {
      n += label != IGNORED ? 1 : 0;
    }
    return n;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenRow that
        && Arrays.equals(ids, that.ids)
        && Arrays.equals(labels, that.labels);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(ids) + Arrays.hashCode(labels);
  }

  @Override
  public String toString() {
    return "TokenRow[ids=" + Arrays.toString(ids) + ", labels=" + Arrays.toString(labels) + "]";
  }
}
