package org.unlearn4j.train;

import java.util.Iterator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.unlearn4j.base.Futures;

/**
 * The steps' batches, one ahead: while a step runs, another thread makes the next one's. What they
 * are does not depend on the thread: a batch is a function of its step alone.
 */
final class Ahead implements AutoCloseable, Iterator<StepBatches> {
  private final IntFunction<StepBatches> make;
  private final int end;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Futures.daemons("next-batch"));
  private int next;
  private Future<StepBatches> waiting;

  /**
   * Begins with the first.
   *
   * @param from first step
   * @param end the step after the last
   */
  Ahead(int from, int end, IntFunction<StepBatches> make) {
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
  public StepBatches next() {
    if (waiting == null) {
      throw new java.util.NoSuchElementException("no step after " + end);
    }
    StepBatches made = Futures.result(waiting, "a batch");
    begin();
    return made;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
