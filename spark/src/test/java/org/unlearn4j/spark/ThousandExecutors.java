package org.unlearn4j.spark;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A thousand executors that nobody here has: what would be waited for. Each unit is given out by
 * the driver, one after the other; reads its files from one storage, whose bandwidth all readers
 * share in turn; starts; works. No test of every build: {@code mvn -f spark/pom.xml test
 * -Dtest=ThousandExecutors}, a second.
 */
class ThousandExecutors {
  private static final int EXECUTORS = 1000;

  /** Measured: seconds of a unit before it asks the model. */
  private static final double START = 2.5;

  /** Work of all units, core-seconds: of half a minute for each executor. */
  private static final double WORK = 30.0 * EXECUTORS;

  /** Assumed of Spark's driver: tasks a second that it gives out. */
  private static final double DISPATCH = 1 / 200.0;

  /** Assumed of the storage: 10 Gbit/s for all. */
  private static final double BYTES_A_SECOND = 1.25e9;

  /** Of {@code target/dist}: what a program that starts reads of it, measured; and a model. */
  private static final double PROGRAM = 275e6;

  private static final double MODEL = 5.5e6;

  /** 8 billion parameters in 16 bits. */
  private static final double LARGE = 16e9;

  /** Assumed: one machine of a hundred is five times as slow. */
  private static final double SLOW_SHARE = 0.01;

  private static final double SLOW = 5;

  /**
   * What is simulated.
   *
   * @param units in all
   * @param shared bytes that each unit reads from the storage
   * @param stragglers whether some machines are slow
   * @param speculation whether a unit that takes 1.5 times the usual time is also given to a free
   *     executor, as {@code spark.speculation} does
   */
  private record Case(
      String name, int units, double shared, boolean stragglers, boolean speculation) {}

  /** An executor, and when it is free. */
  private record Free(double at, int executor) {}

  private static double seconds(Case c) {
    Random random = new Random(1);
    boolean[] slow = new boolean[EXECUTORS];
    PriorityQueue<Free> free = new PriorityQueue<>((a, b) -> Double.compare(a.at(), b.at()));
    for (int i = 0; i < EXECUTORS; i++) {
      slow[i] = c.stragglers() && random.nextDouble() < SLOW_SHARE;
      free.add(new Free(0, i));
    }
    double usual = START + WORK / c.units();
    double given = 0;
    double read = 0;
    double end = 0;
    Deque<Double> late = new ArrayDeque<>();
    for (int unit = 0; unit < c.units(); unit++) {
      Free next = free.poll();
      given = Math.max(given, next.at()) + DISPATCH;
      read = Math.max(read, given) + c.shared() / BYTES_A_SECOND;
      double own = usual * (slow[next.executor()] ? SLOW : 1);
      double done = read + own;
      if (c.speculation() && own > 1.5 * usual) {
        late.add(read + 1.5 * usual); // given out again from then on
      } else {
        end = Math.max(end, done);
      }
      free.add(new Free(done, next.executor()));
    }
    for (double from : late) {
      Free next = free.poll();
      while (slow[next.executor()]) {
        next = free.poll();
      }
      double done = Math.max(from, next.at()) + usual;
      end = Math.max(end, done);
      free.add(new Free(done, next.executor()));
    }
    return end;
  }

  /** How long each takes, and how much of the executors' time is work. */
  @Test
  void whatBreaksFirst() {
    for (Case c :
        new Case[] {
          new Case("1000 units, program on each machine", 1000, MODEL, false, false),
          new Case("4000 units", 4000, MODEL, false, false),
          new Case("20000 units", 20000, MODEL, false, false),
          new Case(
              "1000 units, program read from the storage", 1000, PROGRAM + MODEL, false, false),
          new Case("1000 units, model of 8 B from the storage", 1000, LARGE, false, false),
          new Case("1000 units, 1 % slow", 1000, MODEL, true, false),
          new Case("4000 units, 1 % slow", 4000, MODEL, true, false),
          new Case("1000 units, 1 % slow, speculation", 1000, MODEL, true, true),
          new Case("4000 units, 1 % slow, speculation", 4000, MODEL, true, true),
        }) {
      double seconds = seconds(c);
      System.out.printf(
          Locale.ROOT,
          "%-45s %8.1f s, %3.0f %% of it work%n",
          c.name(),
          seconds,
          100 * WORK / (EXECUTORS * seconds));
    }
    // No case can be faster than its work, and a storage that all read from costs their bytes.
    double least = seconds(new Case("", EXECUTORS, 0, false, false));
    assertTrue(least > START + WORK / EXECUTORS && least < 40, "" + least);
    assertTrue(seconds(new Case("", EXECUTORS, LARGE, false, false)) > 1000 * LARGE / 1.25e9);
  }
}
