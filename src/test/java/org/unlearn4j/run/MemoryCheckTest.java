package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.train.MemoryPlan;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;

/** The plan is printed, a run that cannot fit is stopped, and told what would make it fit. */
class MemoryCheckTest {
  /** Deep and narrow, so that most of what training takes is activations. */
  private static final Decoder DEEP =
      Decoder.of(
          ModelConfig.of(
              new ObjectMapper()
                  .createObjectNode()
                  .put("model_type", "llama")
                  .put("vocab_size", 100)
                  .put("hidden_size", 32)
                  .put("intermediate_size", 256)
                  .put("num_hidden_layers", 12)
                  .put("num_attention_heads", 2)
                  .put("max_position_embeddings", 64)
                  .put("rms_norm_eps", 1e-5)));

  private final LoopSettings loop = Pipeline.defaults("NPO", List.of()).unlearn().loop();
  private final Objective objective =
      Objectives.of(Pipeline.defaults("NPO", List.of()).unlearn(), DEEP);
  private final List<TokenRow> rows = Collections.nCopies(20, row());
  private final TrainingData data = new TrainingData(rows, rows, List.of(), Map.of());

  private static TokenRow row() {
    int[] labels = new int[64];
    labels[0] = TokenRow.IGNORED;
    return new TokenRow(new int[64], labels);
  }

  private MemoryCheck check(boolean recompute) {
    return check(Precision.FP32, recompute);
  }

  private MemoryCheck check(Precision precision, boolean recompute) {
    Computation computation = new Computation(precision, Device.CPU, recompute);
    return MemoryCheck.ofTraining("unlearn", DEEP, objective, computation, loop, data);
  }

  private long planned(boolean recompute) {
    return MemoryPlan.of(
            DEEP,
            objective,
            new Computation(Precision.FP32, Device.CPU, recompute),
            false,
            MemoryPlan.Batch.largest(objective, loop.batchSize(), data))
        .total();
  }

  /** NPO reads forget and retain rows: three retain rows each make 4 rows of 2, in every count. */
  @Test
  void moreRetainRowsAreCounted() {
    TrainingData more = new TrainingData(nCopies(80), nCopies(80), List.of(), Map.of());
    MemoryPlan.Batch one = MemoryPlan.Batch.largest(objective, 8, more);
    MemoryPlan.Batch three = MemoryPlan.Batch.largest(objective, 8, more.withRetainRows(3));
    assertEquals(2 * one.rows(), three.rows());
    assertEquals(2 * one.labelled(), three.labelled());
    assertEquals(2 * one.read(), three.read());
    assertEquals(three, one.withRetainRows(objective, 3));
  }

  private static List<TokenRow> nCopies(int n) {
    return Collections.nCopies(n, row());
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

  /** TF32 takes as much as float32: bfloat16 is advised where nothing less helps, not before. */
  @Test
  void tf32IsGivenUpNoSoonerThanFloat32() {
    String lines = said(check(Precision.TF32, false), planned(false));
    assertTrue(lines.endsWith(": this may not fit; unlearn.recompute=true would fit.\n"), lines);
    for (double share : new double[] {0.3, 0.5, 0.7}) {
      long room = (long) (share * planned(false));
      String tf32 = stopped(check(Precision.TF32, false), room);
      assertEquals(stopped(check(Precision.FP32, false), room), tf32);
    }
    // bfloat16 is where it begins: nothing else is advised about precision.
    String brain = stopped(check(Precision.BF16, false), 3 * planned(false) / 10);
    assertFalse(brain.contains("model.precision"), brain);
  }

  private String stopped(MemoryCheck check, long available) {
    return assertThrows(MachineException.class, () -> said(check, available)).getMessage();
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
