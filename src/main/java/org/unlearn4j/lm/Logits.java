package org.unlearn4j.lm;

/**
 * Logits of a batch where the runtime left them, read position by position. A batch of a large
 * vocabulary does not fit the Java heap as a whole, or not several times over.
 */
public interface Logits extends AutoCloseable {

  /**
   * Copies the logits at a real position.
   *
   * @param into {@code [vocab]}
   */
  void read(int row, int time, float[] into);

  /** Frees what the runtime holds. */
  @Override
  void close();
}
