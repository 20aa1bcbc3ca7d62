package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.train.MemoryPlan;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;

/** The plan is printed, a run that cannot fit is stopped, and told what would make it fit. */
class MemoryCheckTest {
  private final StepFixture fixture = new StepFixture("llama");
  private final LoopSettings loop = Pipeline.defaults("NPO", List.of()).unlearn().loop();
  private final Objective objective =
      Objectives.of(Pipeline.defaults("NPO", List.of()).unlearn(), fixture.decoder());
  private final TrainingData data =
      new TrainingData(
          fixture.rows().get(Segment.FORGET),
          fixture.rows().get(Segment.RETAIN),
          List.of(),
          Map.of());

  private MemoryCheck check(boolean recompute) {
    Computation computation = new Computation(Precision.FP32, Device.CPU, recompute);
    return new MemoryCheck("unlearn", fixture.decoder(), objective, computation, loop, data);
  }

  private long planned(boolean recompute) {
    return MemoryPlan.of(
            fixture.decoder(),
            objective,
            new Computation(Precision.FP32, Device.CPU, recompute),
            false,
            MemoryPlan.Batch.largest(objective, loop.batchSize(), data))
        .total();
  }

  private String said(MemoryCheck check, long available) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    check.require(new PrintStream(bytes, true, StandardCharsets.UTF_8), available);
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void whatFitsIsOneLine() {
    String line = said(check(false), 1L << 30);
    assertEquals(1, line.lines().count());
    assertTrue(line.startsWith("unlearn: ") && line.contains("MiB on cpu (weights "), line);
    assertTrue(line.contains("1,024 MiB are free"), line);
  }

  /** Within what the estimate may be wrong by, the user is warned and the run goes on. */
  @Test
  void whatMayNotFitIsWarnedOf() {
    String lines = said(check(false), planned(false));
    assertEquals(2, lines.lines().count());
    assertTrue(lines.contains("this may not fit; unlearn.recompute=true would fit."), lines);
  }

  @Test
  void whatCannotFitIsStoppedWithTheLeastChangeThatHelps() {
    // Recomputing needs less than half of it here.
    assertTrue(planned(true) < 0.5 * planned(false));
    MachineException e =
        assertThrows(MachineException.class, () -> said(check(false), planned(false) * 2 / 3));
    assertTrue(e.getMessage().endsWith("; unlearn.recompute=true would fit."), e.getMessage());
    e = assertThrows(MachineException.class, () -> said(check(true), planned(true) * 4 / 5));
    assertTrue(
        e.getMessage().matches(".*; unlearn.batch_size=\\d with unlearn.accumulate=\\d+.*"),
        e.getMessage());
    e = assertThrows(MachineException.class, () -> said(check(true), 1000));
    assertTrue(e.getMessage().endsWith("no setting of this program makes it fit."));
  }
}
