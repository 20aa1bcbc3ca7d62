package org.unlearn4j.base;

import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * With what exit code this process is about to end, for what tells others at its end. Java's
 * shutdown hooks do not hear it. There is one answer, since there is one process.
 */
public final class ExitStatus {
  private static final int NONE = -1;
  private static final AtomicInteger FAILURE = new AtomicInteger(NONE);

  private ExitStatus() {}

  /** Says that the process ends with an error. */
  public static void failed(int code) {
    FAILURE.set(code);
  }

  /** The exit code of the error that this process ends with; empty where there is none. */
  public static OptionalInt failure() {
    int code = FAILURE.get();
    return code == NONE ? OptionalInt.empty() : OptionalInt.of(code);
  }
}
