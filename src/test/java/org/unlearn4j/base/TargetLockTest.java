package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One writer a target: among threads, among processes, and after one was killed. */
class TargetLockTest {
  @TempDir Path folder;

  private Path file() {
    return folder.resolve(".it.lock");
  }

  private static <T> T holding(
      Path target, List<String> told, TargetLock.Work<T, RuntimeException> w) {
    return TargetLock.<T, RuntimeException>holding(target, told::add, w);
  }

  @Test
  void aThreadWaitsForAnotherAndSaysForWhom() throws InterruptedException {
    Path target = folder.resolve("it");
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    List<String> told = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch waits = new CountDownLatch(1);
    Thread second =
        new Thread(
            () -> {
              awaited(inside);
              TargetLock.<Boolean, RuntimeException>holding(
                  target,
                  sentence -> {
                    told.add(sentence);
                    waits.countDown();
                  },
                  () -> order.add("second"));
            });
    second.start();
    holding(
        target,
        order,
        () -> {
          inside.countDown();
          awaited(waits);
          return order.add("first");
        });
    second.join(10_000);
    assertEquals(List.of("first", "second"), order);
    assertEquals(1, told.size());
    String pid = String.valueOf(ProcessHandle.current().pid());
    assertTrue(
        told.get(0).startsWith(target + ": another thread of process " + pid + " on "),
        told.get(0));
    assertFalse(Files.exists(file()), "nothing is left");
  }

  /** While another thread holds it nothing is done; held by oneself, or by nobody, it is. */
  @Test
  void whatIsNotFreeIsLeft() throws InterruptedException {
    Path target = folder.resolve("it");
    List<String> done = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch asked = new CountDownLatch(1);
    Thread holder =
        new Thread(
            () ->
                holding(
                    target,
                    done,
                    () -> {
                      inside.countDown();
                      awaited(asked);
                      TargetLock.Work<Boolean, RuntimeException> again = () -> done.add("again");
                      return TargetLock.<Boolean, RuntimeException>ifFree(target, again).get();
                    }));
    holder.start();
    awaited(inside);
    TargetLock.Work<Boolean, RuntimeException> work = () -> done.add("other");
    assertEquals(Optional.empty(), TargetLock.<Boolean, RuntimeException>ifFree(target, work));
    asked.countDown();
    holder.join(10_000);
    assertEquals(List.of("again"), done);
    assertEquals(Optional.of(true), TargetLock.<Boolean, RuntimeException>ifFree(target, work));
    assertEquals(List.of("again", "other"), done);
    assertFalse(Files.exists(file()), "nothing is left");
  }

  private static void awaited(CountDownLatch latch) {
    try {
      assertTrue(latch.await(10, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aThreadThatHoldsItMayTakeItAgain() {
    Path target = folder.resolve("it");
    List<String> told = new ArrayList<>();
    String done =
        holding(
            target,
            told,
            () -> {
              String inner = holding(target, told, () -> "inner");
              assertTrue(Files.exists(file()), "the outer one still holds it");
              return inner;
            });
    assertEquals("inner", done);
    assertEquals(List.of(), told);
    assertFalse(Files.exists(file()));
  }

  @Test
  void itIsFreeAfterAFailure() {
    Path target = folder.resolve("it");
    assertThrows(
        UserException.class,
        () ->
            holding(
                target,
                new ArrayList<>(),
                () -> {
                  throw new UserException("a: found b, expected c.");
                }));
    assertFalse(Files.exists(file()));
    assertEquals(1, holding(target, new ArrayList<>(), () -> 1));
  }

  /** Takes the lock of a target, says so, and holds it until it is killed. */
  public static void main(String[] arguments) {
    TargetLock.<Integer, RuntimeException>holding(
        Path.of(arguments[0]),
        sentence -> {},
        () -> {
          System.out.println("holds");
          try {
            Thread.sleep(60_000);
          } catch (InterruptedException e) {
            return 1;
          }
          return 0;
        });
  }

  @Test
  void aKilledProcessHoldsNothing() throws IOException, InterruptedException {
    Path target = folder.resolve("it");
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                TargetLockTest.class.getName(),
                target.toString())
            .start();
    List<String> told = new ArrayList<>();
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(other.getInputStream(), StandardCharsets.UTF_8))) {
      assertEquals("holds", out.readLine());
      String done =
          TargetLock.<String, RuntimeException>holding(
              target,
              sentence -> {
                told.add(sentence);
                other.destroyForcibly();
              },
              () -> "mine");
      assertEquals("mine", done);
    } finally {
      other.destroyForcibly();
      assertTrue(other.waitFor(10, TimeUnit.SECONDS));
    }
    assertEquals(1, told.size());
    assertTrue(told.get(0).contains(": process " + other.pid() + " on "), told.get(0));
    assertFalse(Files.exists(file()));
  }
}
