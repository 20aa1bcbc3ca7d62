package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LanesTest {
  private static final List<Integer> PIECES = IntStream.range(0, 20).boxed().toList();

  @Test
  void resultsComeInOrderAlthoughTheFirstPieceIsTheLastToFinish() {
    CountDownLatch second = new CountDownLatch(1);
    List<Integer> results = new ArrayList<>();
    Lanes.inOrder(
        2,
        PIECES,
        i -> {
          if (i == 0) {
            await(second);
          } else {
            second.countDown();
          }
          return 10 * i;
        },
        results::add);
    assertEquals(PIECES.stream().map(i -> 10 * i).toList(), results);
  }

  @Test
  void asManyPiecesAsLanesAreUnderWayTogether() {
    // Nobody gets past the barrier unless three are there at the same time.
    CyclicBarrier barrier = new CyclicBarrier(3);
    List<Integer> results = new ArrayList<>();
    Lanes.inOrder(
        3,
        PIECES.subList(0, 18),
        i -> {
          try {
            barrier.await(30, TimeUnit.SECONDS);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
          return i;
        },
        results::add);
    assertEquals(PIECES.subList(0, 18), results);
  }

  @Test
  void resultsAreHandedOnByTheCallersThreadAndOneLaneIsThatThread() {
    Thread caller = Thread.currentThread();
    Lanes.inOrder(2, PIECES, i -> i, i -> assertSame(caller, Thread.currentThread()));
    Lanes.inOrder(1, PIECES, i -> Thread.currentThread(), t -> assertSame(caller, t));
    Set<Thread> workers = ConcurrentHashMap.newKeySet();
    Lanes.inOrder(2, PIECES, i -> workers.add(Thread.currentThread()), b -> {});
    assertTrue(!workers.contains(caller), workers.toString());
  }

  @Test
  void afterAMistakeNothingRunsAnyMoreAndWhatCameBeforeItWasHandedOn() {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger begun = new AtomicInteger();
    List<Integer> results = new ArrayList<>();
    UserException mistake =
        assertThrows(
            UserException.class,
            () ->
                Lanes.inOrder(
                    2,
                    IntStream.range(0, 1000).boxed().toList(),
                    i -> {
                      begun.incrementAndGet();
                      running.incrementAndGet();
                      try {
                        if (i == 3) {
                          throw new UserException("piece 3");
                        }
                        Thread.sleep(1);
                        return i;
                      } catch (InterruptedException e) {
                        return -1;
                      } finally {
                        running.decrementAndGet();
                      }
                    },
                    results::add));
    assertEquals("piece 3", mistake.getMessage());
    assertEquals(0, running.get());
    assertEquals(List.of(0, 1, 2), results);
    assertTrue(begun.get() < 900, begun + " pieces were begun");
  }

  /** The second piece would never end by itself; its own pieces are done one at a time. */
  @Test
  void aMistakeEndsWhatAnotherLaneIsAt() {
    CountDownLatch under = new CountDownLatch(1);
    List<String> ends = new CopyOnWriteArrayList<>();
    UserException mistake =
        assertThrows(
            UserException.class,
            () ->
                Lanes.inOrder(
                    2,
                    List.of(0, 1),
                    i -> {
                      if (i == 0) {
                        await(under);
                        throw new UserException("the first");
                      }
                      try {
                        Lanes.inOrder(
                            1,
                            Collections.nCopies(Integer.MAX_VALUE, 2),
                            j -> {
                              under.countDown();
                              return j;
                            },
                            j -> {});
                      } catch (CancellationException e) {
                        ends.add(e.getMessage());
                      }
                      return i;
                    },
                    i -> {}));
    assertEquals("the first", mistake.getMessage());
    assertEquals(List.of("other work has failed"), ends);
  }

  @Test
  void errorsPassAsTheyAre() {
    assertThrows(
        StackOverflowError.class,
        () ->
            Lanes.inOrder(
                2,
                PIECES,
                i -> {
                  throw new StackOverflowError();
                },
                i -> {}));
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(30, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
