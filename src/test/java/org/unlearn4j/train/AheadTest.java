package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Batches are made one ahead, in order, on one other thread that ends with them. */
class AheadTest {
  @Test
  void theNextIsMadeWhileThisOneIsUsed() throws InterruptedException {
    CountDownLatch second = new CountDownLatch(1);
    List<Integer> made = new ArrayList<>();
    AtomicReference<Thread> maker = new AtomicReference<>();
    try (Ahead ahead =
        new Ahead(
            5,
            8,
            step -> {
              made.add(step);
              maker.set(Thread.currentThread());
              if (step == 6) {
                second.countDown();
              }
              return StepBatches.of(List.of());
            })) {
      ahead.next();
      // Nobody asked for step 6 yet.
      assertTrue(second.await(10, TimeUnit.SECONDS), "step 6 is not made ahead");
      int steps = 1;
      while (ahead.hasNext()) {
        ahead.next();
        steps++;
      }
      assertEquals(3, steps);
    }
    assertEquals(List.of(5, 6, 7), made);
    assertNotEquals(Thread.currentThread(), maker.get());
    maker.get().join(10_000);
    assertFalse(maker.get().isAlive(), "the thread outlives its batches");
  }

  @Test
  void whatMakingABatchThrowsIsThrownToWhoAsks() {
    IllegalArgumentException fault = new IllegalArgumentException("no such row");
    try (Ahead ahead =
        new Ahead(
            0,
            2,
            step -> {
              if (step == 1) {
                throw fault;
              }
              return StepBatches.of(List.of());
            })) {
      ahead.next();
      assertSame(fault, assertThrows(IllegalArgumentException.class, ahead::next));
    }
  }
}
