package org.unlearn4j.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;

/** Runs a training step over epochs: teaching and unlearning are the same loop. */
public final class Trainer {
  private final TrainingStep step;
  private final LoopSettings loop;
  private final TrainingData data;
  private final Regularisation regularisation;

  /**
   * How CLReg is applied.
   *
   * @param weight lambda once warm
   * @param warmupSteps over which lambda grows from 0
   * @param view makes the positives; empty without CLReg
   */
  public record Regularisation(double weight, int warmupSteps, Optional<MaskView> view) {
    public static final Regularisation NONE = new Regularisation(0, 0, Optional.empty());

    double weightAt(int step) {
      return step >= warmupSteps ? weight : weight * step / warmupSteps;
    }
  }

  /** Told after every step. */
  @FunctionalInterface
  public interface Listener {
    void step(int done, int total, TrainingStep.Outcome outcome);
  }

  /**
   * Files of a run.
   *
   * @param checkpoints folder
   * @param log {@code train.jsonl}
   * @param run identifies settings, data and base weights
   */
  public record Files(Path checkpoints, Path log, String run) {}

  /**
   * How it ended.
   *
   * @param steps updates made, those before a resumption included
   * @param resumedAt epoch at which an earlier run was taken up; 0 for none
   */
  public record Finished(int steps, int resumedAt, TrainingStep.Outcome last, double seconds) {}

  public Trainer(
      TrainingStep step, LoopSettings loop, TrainingData data, Regularisation regularisation) {
    this.step = step;
    this.loop = loop;
    this.data = data;
    this.regularisation = regularisation;
  }

  /**
   * Trains; the graph's parameters must be assigned. Goes on from a checkpoint of the same run.
   *
   * @throws MachineException if the loss or its gradient is no longer a number
   */
  public Finished run(Files files, Listener listener) {
    long start = System.nanoTime();
    int perEpoch =
        EpochPlan.stepsPerEpoch(data.anchors().size(), loop.batchSize(), loop.accumulate());
    Schedule schedule = Schedule.of(loop, perEpoch);
    Checkpoints checkpoints = new Checkpoints(files.checkpoints(), files.run());
    step.reset();
    Checkpoints.State state = checkpoints.restore(step).orElse(new Checkpoints.State(0, 0));
    int done = state.step();
    TrainingStep.Outcome last;
    try (TrainLog log = new TrainLog(files.log(), done)) {
      for (int epoch = state.epoch(); epoch < loop.epochs(); epoch++) {
        EpochPlan plan =
            EpochPlan.of(data, loop.batchSize(), loop.accumulate(), loop.seed(), epoch);
        for (List<EpochPlan.Micro> micro : plan.steps()) {
          long began = System.nanoTime();
          List<StepBatch> batches = batches(micro, done);
          double rate = schedule.rate(done);
          TrainingStep.Outcome seen =
              step.run(done + 1, batches, rate, regularisation.weightAt(done));
          requireNumbers(seen, done);
          double seconds = (System.nanoTime() - began) / 1e9;
          log.step(done, epoch, rate, seen, tokens(batches), seconds);
          done++;
          listener.step(done, schedule.total(), seen);
        }
        if (loop.checkpointEvery() > 0 && (epoch + 1) % loop.checkpointEvery() == 0) {
          log.flush();
          checkpoints.save(step, new Checkpoints.State(epoch + 1, done));
        }
      }
      last = log.last();
    }
    return new Finished(done, state.epoch(), last, (System.nanoTime() - start) / 1e9);
  }

  /** Removes the checkpoints of a run whose result is safely written. */
  public static void clean(Files files) {
    new Checkpoints(files.checkpoints(), files.run()).delete();
  }

  private List<StepBatch> batches(List<EpochPlan.Micro> micro, int stepIndex) {
    List<Map<Segment, List<TokenRow>>> rows = new ArrayList<>();
    for (EpochPlan.Micro m : micro) {
      Map<Segment, List<TokenRow>> segments = new EnumMap<>(Segment.class);
      for (Segment s : step.graph().objective().segments()) {
        segments.put(s, rows(s, m, stepIndex));
      }
      rows.add(segments);
    }
    StepBatch.Totals totals = StepBatch.Totals.over(rows);
    List<StepBatch> batches = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      batches.add(new StepBatch(rows.get(i), reference(micro.get(i)), List.of(), totals));
    }
    return batches;
  }

  private List<TokenRow> rows(Segment s, EpochPlan.Micro m, int stepIndex) {
    List<TokenRow> rows = new ArrayList<>();
    for (int i : s == Segment.RETAIN ? m.retain() : m.forget()) {
      switch (s) {
        case RETAIN -> rows.add(data.retain().get(i));
        case FORGET -> rows.add(data.forget().get(i));
        case POSITIVE ->
            rows.add(regularisation.view().orElseThrow().of(data.forget().get(i), stepIndex, i));
        case ALTERNATE -> throw new IllegalStateException("no alternate answers were given");
      }
    }
    return rows;
  }

  private Map<Segment, double[]> reference(EpochPlan.Micro m) {
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    if (step.graph().objective().referenceNll().contains(Segment.FORGET)) {
      double[] nll = new double[m.forget().length];
      for (int i = 0; i < nll.length; i++) {
        nll[i] = data.forgetReference()[m.forget()[i]];
      }
      reference.put(Segment.FORGET, nll);
    }
    return reference;
  }

  private static long tokens(List<StepBatch> batches) {
    return batches.stream()
        .flatMap(b -> b.rows().values().stream())
        .flatMap(List::stream)
        .mapToLong(TokenRow::length)
        .sum();
  }

  private static void requireNumbers(TrainingStep.Outcome outcome, int step) {
    if (!Double.isFinite(outcome.total()) || !Double.isFinite(outcome.gradNorm())) {
      throw new MachineException(
          "Step "
              + step
              + ": the loss is "
              + outcome.total()
              + " and its gradient norm "
              + outcome.gradNorm()
              + ", expected numbers; a lower learning rate or clip_norm usually helps.");
    }
  }
}
