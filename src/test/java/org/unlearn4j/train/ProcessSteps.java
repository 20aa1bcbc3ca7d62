package org.unlearn4j.train;

import static org.unlearn4j.train.DividedSteps.assertSame;
import static org.unlearn4j.train.DividedSteps.batch;
import static org.unlearn4j.train.DividedSteps.part;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.FurtherProcess;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.tf.Processes;
import org.unlearn4j.tf.Spread;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.StepBatch;

/**
 * One of several processes that make a step: its arguments are its place and all addresses. The
 * first compares the steps with those of one device and prints what was the same.
 */
final class ProcessSteps {
  private ProcessSteps() {}

  public static void main(String... args) {
    int place = Integer.parseInt(args[0]);
    Processes processes = new Processes(List.of(args).subList(1, args.length));
    if (place > 0) {
      new FurtherProcess(processes, place)
          .serve(Device.CPU, Precision.FP32, Duration.ofMinutes(1), System.err);
      System.exit(0);
    }
    List<Device> devices = Collections.nCopies(processes.count(), Device.CPU);
    for (Spread.Form form : Spread.Form.values()) {
      Computation all = Computations.FP32.on(new Spread(form, devices, Optional.of(processes)));
      DividedSteps steps = new DividedSteps("llama");
      Objective npo = steps.objective("NPO", "unlearn.clreg={weight: 0.5, queue: 5}");
      same(steps, npo, all, List.of(List.of(batch(npo, 1, 7)), List.of(batch(npo, 2, 5))));
      // Micro-batches of all processes; a regulariser's would have other negatives.
      Objective pdu = steps.objective("PDU", "unlearn.objective.epsilon=1");
      StepBatch whole = batch(pdu, 3, 6);
      same(steps, pdu, all, List.of(List.of(part(whole, 0, 3), part(whole, 3, 6))));
      System.out.println(form + " of " + processes.count() + " processes: the same");
    }
    System.exit(0);
  }

  private static void same(
      DividedSteps steps, Objective objective, Computation all, List<List<StepBatch>> batches) {
    assertSame(
        steps.run(objective, Computations.FP32, batches), steps.run(objective, all, batches));
  }
}
