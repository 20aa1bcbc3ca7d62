package org.unlearn4j.cli;

/** What a command tells its caller. */
public final class ExitCode {
  private ExitCode() {}

  public static final int DONE = 0;

  /** A gate did not hold. */
  public static final int GATE = 1;

  /** Of a process that computes for another one: that one has failed. */
  public static final int FIRST_FAILED = 1;

  /** The user's input is at fault. */
  public static final int USER = 2;

  /** The machine failed us: disk full, out of memory, no device. */
  public static final int MACHINE = 3;

  public static final int BUG = 70;

  /** What gates that hold, or one that does not, give. */
  static int of(boolean pass) {
    return pass ? DONE : GATE;
  }
}
