package org.unlearn4j.base;

import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;

/** Independent pieces of work, several at a time, whose results are handed on in order. */
public final class Lanes {
  private Lanes() {}

  /**
   * Does every piece of work. Nothing runs any more when this returns, however it returns: what the
   * work reads may be closed then.
   *
   * @param lanes threads; with one, everything happens on the caller's
   * @param work may be called by several threads at once
   * @param then called by the caller's thread alone, in the order of the pieces
   * @throws RuntimeException whatever a piece of work threw; those after it are not begun any more
   * @throws StopRequest.Stopped if the process was asked to stop; what was handed on stays
   */
  public static <A, B> void inOrder(
      int lanes, List<A> pieces, Function<A, B> work, Consumer<B> then) {
    int threads = Math.min(lanes, pieces.size());
    if (threads <= 1) {
      for (A piece : pieces) {
        check();
        then.accept(work.apply(piece));
      }
      return;
    }
    ExecutorService pool = Executors.newFixedThreadPool(threads, Futures.daemons("lane"));
    try {
      List<Future<B>> futures =
          pieces.stream().map(piece -> pool.submit(() -> work.apply(piece))).toList();
      for (Future<B> future : futures) {
        StopRequest.check();
        then.accept(Futures.result(future, "other threads"));
      }
    } finally {
      Beside.end(pool);
    }
  }

  /**
   * To be called now and then by a piece of work that takes long: ends it where its result is not
   * wanted any more, since another piece has failed.
   *
   * @throws StopRequest.Stopped if the process was asked to stop
   */
  public static void check() {
    StopRequest.check();
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("other work has failed");
    }
  }
}
