package org.unlearn4j.stage;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.unlearn4j.base.MachineException;

/**
 * Whose turn it is: each stage when those before it are done, some side by side. A stage begins
 * beside others only if what it takes is there; alone it begins in any case, and says itself what
 * it lacks.
 */
final class Turns {
  private record End(Stage stage, Throwable thrown) {}

  private final List<Stage> waiting;
  private final int jobs;
  private final LongSupplier available;
  private final Consumer<Stage> work;
  private final Set<String> done = new HashSet<>();
  private final Map<String, Long> needs = new HashMap<>();
  private final BlockingQueue<End> ends;
  private int running;
  private long free;
  private long taken;

  Turns(List<Stage> stages, int jobs, LongSupplier available, Consumer<Stage> work) {
    this.waiting = new ArrayList<>(stages);
    this.jobs = jobs;
    this.available = available;
    this.work = work;
    this.ends = new ArrayBlockingQueue<>(Math.max(1, stages.size()));
  }

  /** Runs them all; what the first stage that fails throws comes when the others have ended. */
  void run() {
    Set<String> wanted = new HashSet<>();
    waiting.forEach(s -> wanted.add(s.name()));
    Throwable failed = null;
    while (running > 0 || (failed == null && !waiting.isEmpty())) {
      if (failed == null) {
        begin(wanted);
      }
      End end = next();
      running--;
      taken -= needs.remove(end.stage.name());
      done.add(end.stage.name());
      if (end.thrown != null && failed == null) {
        failed = end.thrown;
      }
    }
    if (failed instanceof RuntimeException e) {
      throw e;
    }
    if (failed instanceof Error e) {
      throw e;
    }
  }

  private void begin(Set<String> wanted) {
    List<Stage> ready =
        waiting.stream()
            .filter(s -> s.after().stream().allMatch(a -> done.contains(a) || !wanted.contains(a)))
            .toList();
    for (Stage stage : ready) {
      if (running == 0) {
        free = available.getAsLong();
        taken = 0;
      }
      // Those that have just begun have taken nothing yet: what they will take is kept for them.
      long needed = jobs == 1 ? 0 : stage.memory().get();
      if (running >= jobs || (running > 0 && taken + needed > free)) {
        return;
      }
      waiting.remove(stage);
      running++;
      taken += needed;
      needs.put(stage.name(), needed);
      if (jobs == 1) {
        ends.add(end(stage));
      } else {
        new Thread(() -> ends.add(end(stage)), "stage " + stage.name()).start();
      }
    }
  }

  private End end(Stage stage) {
    try {
      work.accept(stage);
      return new End(stage, null);
    } catch (Throwable t) { // thrown again where all stages are waited for
      return new End(stage, t);
    }
  }

  private End next() {
    try {
      return ends.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException("Interrupted while stages run.", e);
    }
  }
}
