package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tensorflow.types.TInt32;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.TfTensors;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/** Native memory is nobody's garbage: what a step allocates it must give back. */
class NoLeakTest {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final double ALLOWED_MB = 20;
  private static final StepControl CONTROL =
      new StepControl(1, 0.1, new StepControl.ViewSeed(0, 0, 0));

  @Test
  void aHundredStepsLeaveNothingOpen() throws IOException {
    train(50, 100);
  }

  @Test
  @Tag("slow")
  void aThousandSteps() throws IOException {
    train(500, 1000);
  }

  private static void train(int warm, int steps) throws IOException {
    Assumptions.assumeTrue(Files.isReadable(STATUS), "resident memory is read from " + STATUS);
    Pipeline defaults = Pipeline.defaults("NPO", List.of("unlearn.clreg.weight=0.1"));
    StepFixture fixture = new StepFixture("llama");
    Objective objective = Objectives.of(defaults.unlearn(), fixture.decoder());
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32);
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 2)) {
      fixture.assignPolicy(graph);
      step.reset();
      Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
      for (Segment s : objective.segments()) {
        rows.put(s, fixture.rows().get(s).subList(2, 3));
      }
      StepBatch micro = StepBatch.whole(rows, Map.of(Segment.FORGET, new double[] {20}));
      int operations = operations(graph);
      run(step, micro, 0, warm);
      Memory before = Memory.filled();
      long pointers = Pointer.totalCount();
      run(step, micro, warm, steps);
      assertEquals(pointers, Pointer.totalCount(), "native objects that nobody closed");
      double grown = before.grown();
      assertTrue(grown < ALLOWED_MB, "grew by " + grown + " MB");
      assertEquals(operations, operations(graph), "a step adds no operation to the graph");
    }
  }

  /** Every fifth step has two micro-batches, so that all ways through a step are taken. */
  private static void run(TrainingStep step, StepBatch micro, int from, int to) {
    for (int i = from; i < to; i++) {
      step.run(i + 1, i % 5 == 0 ? List.of(micro, micro) : List.of(micro), 1e-6, CONTROL);
    }
  }

  /** Both measures see what they are there to see. */
  @Test
  void negativeControlTensorsThatStayOpenAreSeen() throws IOException {
    Assumptions.assumeTrue(Files.isReadable(STATUS), "resident memory is read from " + STATUS);
    List<TInt32> open = new ArrayList<>();
    int[] ones = new int[9 << 20]; // 36 MB, which malloc asks the system for every time
    Arrays.fill(ones, 1);
    Memory before = Memory.filled();
    long pointers = Pointer.totalCount();
    for (int i = 0; i < 4; i++) {
      open.add(TfTensors.ints(ones, ones.length));
    }
    double grown = before.grown();
    long opened = Pointer.totalCount() - pointers;
    open.forEach(TInt32::close);
    assertTrue(opened >= 4, opened + " more only");
    assertTrue(Pointer.totalCount() <= pointers, "closed again");
    assertTrue(grown > ALLOWED_MB, "grew by " + grown + " MB only");
  }

  private static int operations(StepGraph graph) {
    int n = 0;
    for (Iterator<?> it = graph.runtime().graph().operations(); it.hasNext(); it.next()) {
      n++;
    }
    return n;
  }

  /** What the process holds, and how much of that is Java's heap; in MB. */
  private record Memory(double resident, double heap) {

    /**
     * Now, with every page of the heap resident, so that filling it later looks like no growth.
     * There is no collection of the whole heap after this: it might hand pages back, and hide a
     * leak.
     */
    static Memory filled() throws IOException {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      int size = 1 << 18;
      byte[][] blocks = new byte[(int) (runtime.freeMemory() / size)][];
      long total = runtime.totalMemory();
      for (int i = 0; i < blocks.length && runtime.totalMemory() == total; i++) {
        blocks[i] = new byte[size];
      }
      return now();
    }

    private static Memory now() throws IOException {
      String line =
          Files.readAllLines(STATUS).stream()
              .filter(l -> l.startsWith("VmRSS:"))
              .findFirst()
              .orElseThrow();
      return new Memory(
          Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0,
          Runtime.getRuntime().totalMemory() / 1048576.0);
    }

    /** Growth since then outside of the heap. */
    double grown() throws IOException {
      Memory now = now();
      return now.resident - resident - Math.max(0, now.heap - heap);
    }
  }
}
