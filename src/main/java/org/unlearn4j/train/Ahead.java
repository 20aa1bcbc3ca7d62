package org.unlearn4j.train;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.unlearn4j.base.Futures;
import org.unlearn4j.unlearn.CollatedBatch;

/**
 * The steps' batches, one ahead: while a step runs, another thread makes the next one's. What they
 * are does not depend on the thread: a batch is a function of its step alone.
 */
final class Ahead implements AutoCloseable, Iterator<List<CollatedBatch>> {
  private final IntFunction<List<CollatedBatch>> make;
  private final int end;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Futures.daemons("next-batch"));
  private int next;
  private Future<List<CollatedBatch>> waiting;

  /**
   * Begins with the first.
   *
   * @param from first step
   * @param end the step after the last
   */
  Ahead(int from, int end, IntFunction<List<CollatedBatch>> make) {
    this.make = make;
    this.end = end;
    this.next = from;
    begin();
  }

  private void begin() {
    int step = next++;
    waiting = step < end ? thread.submit(() -> make.apply(step)) : null;
  }

  @Override
  public boolean hasNext() {
    return waiting != null;
  }

  /** The next batch; whatever making it threw is thrown here. */
  @Override
  public List<CollatedBatch> next() {
    if (waiting == null) {
      throw new java.util.NoSuchElementException("no step after " + end);
    }
    List<CollatedBatch> made = Futures.result(waiting, "a batch");
    begin();
    return made;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
