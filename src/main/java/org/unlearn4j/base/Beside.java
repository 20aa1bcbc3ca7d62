package org.unlearn4j.base;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A piece of work on a thread of its own, while the caller does another. Nothing of it runs any
 * more once it is closed: what the work reads may be closed then.
 */
public final class Beside<T> implements AutoCloseable {
  private final ExecutorService thread;
  private final Future<T> future;
  private final String what;

  private Beside(String what, Supplier<T> work) {
    this.what = what;
    this.thread = Executors.newSingleThreadExecutor(Futures.daemons(what));
    this.future = thread.submit(work::get);
  }

  /**
   * Begins.
   *
   * @param what is made, for the thread's name and for messages
   */
  public static <T> Beside<T> begin(String what, Supplier<T> work) {
    return new Beside<>(what, work);
  }

  /**
   * Waits for the result.
   *
   * @throws RuntimeException whatever the work threw
   */
  public T result() {
    return Futures.result(future, what);
  }

  /** Tells the work that it is not wanted, if it has not ended, and waits for it. */
  @Override
  public void close() {
    end(thread);
  }

  /** Tells what has begun that it is not wanted, and waits for it; drops what has not. */
  static void end(ExecutorService pool) {
    pool.shutdownNow();
    boolean interrupted = false;
    while (!pool.isTerminated()) {
      try {
        pool.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
