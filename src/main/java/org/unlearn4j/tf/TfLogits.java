package org.unlearn4j.tf;

import org.tensorflow.Result;
import org.unlearn4j.lm.Logits;

/** Logits in TensorFlow's memory, the first output of one pass, or of two over columns in turn. */
final class TfLogits implements Logits {
  private final Result first;
  private final int split;
  private final Result second;
  private final int time;
  private final int vocab;

  /** Logits of one pass, {@code [rows * time, vocab]}. */
  TfLogits(Result all, int time, int vocab) {
    this(all, time, null, time, vocab);
  }

  /**
   * Logits of two passes.
   *
   * @param first {@code [rows * split, vocab]}
   * @param second {@code [rows * (time - split), vocab]}
   */
  TfLogits(Result first, int split, Result second, int time, int vocab) {
    this.first = first;
    this.split = split;
    this.second = second;
    this.time = time;
    this.vocab = vocab;
  }

  @Override
  public void read(int row, int column, float[] into) {
    boolean early = column < split;
    long position =
        early ? (long) row * split + column : (long) row * (time - split) + column - split;
    TfTensors.read((early ? first : second).get(0), position * vocab, into);
  }

  @Override
  public void close() {
    first.close();
    if (second != null) {
      second.close();
    }
  }
}
