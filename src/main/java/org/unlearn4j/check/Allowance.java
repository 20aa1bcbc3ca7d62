package org.unlearn4j.check;

import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * How long a check may go on: by the clock, or until somebody asks it to stop.
 *
 * @param seconds from {@code start}; {@link #UNLIMITED} for no end
 * @param start as {@code nanoTime} gave it
 * @param nanoTime a clock that only goes forwards
 * @param stopped whether somebody has asked
 */
public record Allowance(int seconds, long start, LongSupplier nanoTime, BooleanSupplier stopped) {
  /** No end. */
  public static final int UNLIMITED = 0;

  /** What the last writing is kept for. */
  private static final int RESERVE = 3;

  /** From now on, by the machine's clock. */
  public static Allowance of(int seconds, BooleanSupplier stopped) {
    return new Allowance(seconds, System.nanoTime(), System::nanoTime, stopped);
  }

  /** Whether there is an end. */
  public boolean limited() {
    return seconds != UNLIMITED;
  }

  /** Seconds since the start. */
  public double used() {
    return (nanoTime.getAsLong() - start) / 1e9;
  }

  /** Whole seconds that a program may still take; 0 and less: none. */
  public int left() {
    return limited() ? (int) Math.floor(seconds - RESERVE - used()) : Integer.MAX_VALUE;
  }

  /**
   * For one program: seconds after which it is ended, at least one.
   *
   * @param own its own limit
   */
  public int limit(int own) {
    return Math.max(1, Math.min(own, left()));
  }
}
