package org.unlearn4j.run;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.Spread;
import org.unlearn4j.train.MemoryPlan;
import org.unlearn4j.train.TrainingData;
import org.unlearn4j.unlearn.Objective;

/**
 * Holds the memory that a training will take against what its device has, before it begins.
 *
 * @param block of the pipeline file with the loop's settings, for advice
 * @param updates gradients change the weights; false: they are only summed
 */
record MemoryCheck(
    String block,
    Decoder decoder,
    Objective objective,
    Computation computation,
    LoopSettings loop,
    TrainingData data,
    boolean updates) {
  /** By as much the estimate may be wrong: within it a run is warned, beyond it stopped. */
  static final double MARGIN = 0.15;

  private static final double MIB = 1 << 20;

  /** Of a training. */
  static MemoryCheck ofTraining(
      String block,
      Decoder decoder,
      Objective objective,
      Computation computation,
      LoopSettings loop,
      TrainingData data) {
    return new MemoryCheck(block, decoder, objective, computation, loop, data, true);
  }

  /** The same of a pass over the rows that only sums up gradients. */
  MemoryCheck withoutUpdates() {
    return new MemoryCheck(block, decoder, objective, computation, loop, data, false);
  }

  /** A choice of settings. */
  private record Choice(boolean recompute, int rows, int accumulate, Precision precision) {}

  /**
   * Prints the plan in one line, and a warning where it may not fit.
   *
   * @throws MachineException if it does not fit, with settings that would
   */
  void require(PrintStream log) {
    int together = computation.device().isGpu() ? 1 : virtual();
    require(log, available(computation.device()) / together); // virtual devices share the host's
  }

  private int virtual() {
    return computation.spread().filter(s -> s.processes().isEmpty()).map(Spread::count).orElse(1);
  }

  /** Bytes that it is about. */
  long planned() {
    return plan(given()).total();
  }

  private Choice given() {
    return new Choice(
        computation.recompute(), loop.batchSize(), loop.accumulate(), computation.precision());
  }

  void require(PrintStream log, long available) {
    Choice given = given();
    MemoryPlan plan = plan(given);
    String line = plan.line(where(), available);
    log.println(block + (updates ? "" : ", search for salient modules") + ": " + line);
    if (plan.total() <= available * (1 - MARGIN)) {
      return;
    }
    String advice = advice(given, (long) (available * (1 - MARGIN)));
    if (plan.total() > available * (1 + MARGIN)) {
      throw new MachineException(
          String.format(
              Locale.ROOT,
              "%s: found %.0f MiB free on %s, expected the %.0f that training will take; %s.",
              block,
              available / MIB,
              where(),
              plan.total() / MIB,
              advice));
    }
    log.println(block + ": this may not fit; " + advice + ".");
  }

  private static long available(Device device) {
    return device.isGpu() ? device.memoryBytes() : HostMemory.available();
  }

  private MemoryPlan plan(Choice c) {
    MemoryPlan plan =
        MemoryPlan.of(
            decoder,
            objective,
            new Computation(c.precision(), computation.device(), c.recompute()),
            loop.optimizer().form(),
            c.accumulate() > 1 || !updates,
            MemoryPlan.Batch.largest(objective, rowsOfOne(c), data));
    MemoryPlan own = computation.spread().map(spread -> plan.onEach(spread, decoder)).orElse(plan);
    return updates ? own : own.withoutMoments();
  }

  private int rowsOfOne(Choice c) {
    return (c.rows() + computation.replicas() - 1) / computation.replicas();
  }

  private String where() {
    String one = computation.device().setting();
    return computation.spread().map(s -> "each of " + s.count() + " devices").orElse(one);
  }

  /** The least change of settings with which it fits. */
  private String advice(Choice given, long room) {
    for (Precision precision : precisions(given)) {
      for (int rows = given.rows(); rows >= 1; rows /= 2) {
        for (boolean recompute : given.recompute() ? List.of(true) : List.of(false, true)) {
          int times = (given.rows() + rows - 1) / rows;
          Choice c = new Choice(recompute, rows, given.accumulate() * times, precision);
          if (plan(c).total() <= room) {
            return said(given, c).map(s -> s + " would fit").orElse("other programs take the rest");
          }
        }
      }
    }
    return "no setting of this program makes it fit";
  }

  private static List<Precision> precisions(Choice given) {
    return given.precision() == Precision.BF16
        ? List.of(Precision.BF16)
        : List.of(given.precision(), Precision.BF16);
  }

  private Optional<String> said(Choice given, Choice c) {
    List<String> changes = new ArrayList<>();
    if (c.recompute() != given.recompute()) {
      changes.add(block + ".recompute=true");
    }
    if (c.rows() != given.rows()) {
      changes.add(block + ".batch_size=" + c.rows());
      changes.add(block + ".accumulate=" + c.accumulate());
    }
    if (c.precision() != given.precision()) {
      changes.add("model.precision=bf16");
    }
    return changes.isEmpty() ? Optional.empty() : Optional.of(String.join(" with ", changes));
  }
}
