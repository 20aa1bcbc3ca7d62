package org.unlearn4j.base;

import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whether somebody has asked this process to stop, as Ctrl-C and {@code kill} do. Long work asks
 * where what is done so far can be kept; there is one answer, since there is one process.
 */
public final class StopRequest {
  private static final AtomicInteger SIGNAL = new AtomicInteger();

  private StopRequest() {}

  /** The work was stopped before its end, and what was done is kept. */
  public static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Stopped() {
      super("Stopped as asked; what was done is kept, and the same command goes on from there.");
    }
  }

  /**
   * Asks; what was asked first counts.
   *
   * @param signal number of the signal that asked
   * @return whether nobody had asked before
   */
  public static boolean ask(int signal) {
    return SIGNAL.compareAndSet(0, signal);
  }

  /** The signal that asked; empty where nobody has. */
  public static OptionalInt signal() {
    int signal = SIGNAL.get();
    return signal == 0 ? OptionalInt.empty() : OptionalInt.of(signal);
  }

  /** Takes the request back; for tests, which share a process. */
  static void withdraw() {
    SIGNAL.set(0);
  }

  /**
   * To be called where stopping loses nothing.
   *
   * @throws Stopped if somebody has asked
   */
  public static void check() {
    if (signal().isPresent()) {
      throw new Stopped();
    }
  }
}
