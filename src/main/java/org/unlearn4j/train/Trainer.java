package org.unlearn4j.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.config.LoopSettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;

/** Runs a training step over epochs: teaching and unlearning are the same loop. */
public final class Trainer {
  private final TrainingStep step;
  private final LoopSettings loop;
  private final TrainingData data;
  private final Regularisation regularisation;

  /**
   * How a regulariser is applied.
   *
   * @param weight lambda once warm
   * @param warmupSteps over which lambda grows from 0
   * @param view makes the positives; empty for a regulariser without them
   * @param queue retain features of earlier steps that are kept
   */
  public record Regularisation(double weight, int warmupSteps, Optional<View> view, int queue) {
    public static final Regularisation NONE = new Regularisation(0, 0, Optional.empty(), 0);

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
   * @param resumedAt steps that an earlier run had made; 0 for none
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
   * Trains; the graph's parameters must be assigned. Goes on from a checkpoint of the same run, and
   * writes one after whatever step it is at when the process is asked to stop.
   *
   * @throws MachineException if the loss or its gradient is no longer a number
   * @throws StopRequest.Stopped if the process was asked to stop
   */
  public Finished run(Files files, Listener listener) {
    return run(files, listener, Watch.NONE, Judge.none());
  }

  /**
   * The same, watched. Ends where the judge says so, and leaves the parameters as they were in the
   * state that it has chosen. What is judged is measured after the last step, too.
   *
   * @throws MachineException as {@link #run(Files, Listener)}
   */
  public Finished run(Files files, Listener listener, Watch watch, Judge judge) {
    long start = System.nanoTime();
    int perEpoch =
        EpochPlan.stepsPerEpoch(data.anchors().size(), loop.batchSize(), loop.accumulate());
    Schedule schedule = Schedule.of(loop, perEpoch);
    Checkpoints checkpoints = new Checkpoints(files.checkpoints(), files.run());
    KeptStates kept = new KeptStates(files.checkpoints(), files.run());
    step.reset();
    DualVariable dual = new DualVariable(step.graph().objective());
    FeatureQueue queue = new FeatureQueue(regularisation.queue());
    Checkpoints.State state =
        checkpoints
            .restore(step)
            .orElse(new Checkpoints.State(0, 0, dual.state(), Map.of(), Judge.State.NONE));
    dual.restore(state.dual());
    judge.restore(state.judged());
    kept.checkpointed(state.judged().kept());
    queue.push(state.queue());
    int done = state.step();
    TrainingStep.Outcome last;
    try (TrainLog log = new TrainLog(files.log(), done)) {
      for (int epoch = state.epoch(); epoch < loop.epochs() && judge.ended().isEmpty(); epoch++) {
        EpochPlan plan =
            EpochPlan.of(data, loop.batchSize(), loop.accumulate(), loop.seed(), epoch);
        int first = epoch * perEpoch; // a run that was asked to stop may be within an epoch
        try (Ahead ahead =
            new Ahead(
                done, first + plan.steps().size(), i -> batches(plan.steps().get(i - first), i))) {
          while (ahead.hasNext() && judge.ended().isEmpty()) {
            long began = System.nanoTime();
            StepBatches batches = ahead.next().withQueue(queue.contents());
            double rate = schedule.rate(done);
            Optional<Double> alpha = dual.moving();
            TrainingStep.Outcome seen =
                step.runCollated(done + 1, batches, rate, control(done, dual.alpha()));
            requireNumbers(seen, done);
            double seconds = (System.nanoTime() - began) / 1e9;
            boolean end = judge.judges() && done + 1 == schedule.total();
            Map<String, Double> watched =
                end ? watch.measure().get() : watch.after(done + 1, perEpoch);
            log.step(
                new TrainLog.Circumstances(done, epoch, rate, alpha, batches.tokens(), seconds),
                seen,
                watched);
            dual.afterStep(epoch, seen);
            queue.push(seen.features());
            done++;
            if (judge.seen(done, watched)) {
              kept.keep(step.graph().learned(), done);
            }
            listener.step(done, schedule.total(), seen);
            if (StopRequest.signal().isPresent() && judge.ended().isEmpty()) {
              save(checkpoints, kept, state(epoch, done, dual, queue, judge));
              StopRequest.check();
            }
          }
        }
        dual.afterEpoch(epoch);
        boolean whole = loop.checkpointEvery() > 0 && (epoch + 1) % loop.checkpointEvery() == 0;
        if (whole && judge.ended().isEmpty()) {
          save(checkpoints, kept, state(epoch + 1, done, dual, queue, judge));
        }
      }
      last = log.last();
    }
    int made = done;
    judge.chosen().filter(k -> k != made).ifPresent(k -> kept.restore(step.graph().learned(), k));
    return new Finished(done, state.step(), last, (System.nanoTime() - start) / 1e9);
  }

  private static Checkpoints.State state(
      int epoch, int done, DualVariable dual, FeatureQueue queue, Judge judge) {
    return new Checkpoints.State(epoch, done, dual.state(), queue.contents(), judge.state());
  }

  /** The states that the one before refers to stay until this one is there. */
  private void save(Checkpoints checkpoints, KeptStates kept, Checkpoints.State state) {
    checkpoints.save(step, state);
    kept.checkpointed(state.judged().kept());
  }

  /** Names of the parameters that a run trains which has a checkpoint to go on from. */
  public static Optional<Set<String>> trained(Files files) {
    return new Checkpoints(files.checkpoints(), files.run()).trained();
  }

  /** Removes the checkpoints of a run whose result is safely written. */
  public static void clean(Files files) {
    Checkpoints checkpoints = new Checkpoints(files.checkpoints(), files.run());
    checkpoints.forget(); // first: nothing may go on from it without the states that it refers to
    new KeptStates(files.checkpoints(), files.run()).delete();
    checkpoints.delete();
  }

  private StepControl control(int stepIndex, double alpha) {
    return new StepControl(
        alpha,
        regularisation.weightAt(stepIndex),
        new StepControl.ViewSeed(loop.seed(), stepIndex, 0),
        step.graph().objective().quantizes(stepIndex));
  }

  /** All of a step's batches but for the queue: a function of the step alone. */
  private StepBatches batches(List<EpochPlan.Micro> micro, int stepIndex) {
    List<Map<Segment, List<TokenRow>>> rows = new ArrayList<>();
    for (EpochPlan.Micro m : micro) {
      Map<Segment, List<TokenRow>> segments = new EnumMap<>(Segment.class);
      for (Segment s : step.graph().objective().segments()) {
        segments.put(s, rows(s, m, stepIndex));
      }
      rows.add(segments);
    }
    StepBatch.Totals totals = StepBatch.Totals.over(rows);
    List<StepBatch> whole = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      whole.add(
          new StepBatch(
              rows.get(i), reference(micro.get(i)), floors(micro.get(i)), Map.of(), totals));
    }
    return step.collate(whole, lessons(micro, totals, stepIndex));
  }

  /**
   * What an attack learns: forget rows that are not in the step, drawn anew each time; those of the
   * step where there are no others.
   */
  private List<StepBatch> lessons(
      List<EpochPlan.Micro> micro, StepBatch.Totals totals, int stepIndex) {
    if (step.lessons() == 0) {
      return List.of();
    }
    Set<Integer> own = new HashSet<>();
    micro.forEach(m -> Arrays.stream(m.forget()).forEach(own::add));
    List<Integer> others = new ArrayList<>();
    for (int i = 0; i < data.forget().size(); i++) {
      if (!own.contains(i) || own.size() == data.forget().size()) {
        others.add(i);
      }
    }
    Collections.shuffle(others, new Random(loop.seed() * 1_000_033 + stepIndex));
    List<StepBatch> lessons = new ArrayList<>();
    for (int k = 0; k < step.lessons(); k++) {
      List<TokenRow> rows = new ArrayList<>();
      for (int i = 0; i < Math.min(loop.batchSize(), others.size()); i++) {
        rows.add(data.forget().get(others.get((k * loop.batchSize() + i) % others.size())));
      }
      lessons.add(StepBatch.lesson(rows, totals));
    }
    return lessons;
  }

  private List<TokenRow> rows(Segment s, EpochPlan.Micro m, int stepIndex) {
    List<TokenRow> rows = new ArrayList<>();
    for (int i : m.of(s)) {
      rows.add(
          switch (s) {
            case RETAIN -> data.retain().get(i);
            case FORGET -> data.forget().get(i);
            case POSITIVE ->
                regularisation.view().orElseThrow().of(data.forget().get(i), stepIndex, i);
            case ALTERNATE -> data.alternates().get(i);
          });
    }
    return rows;
  }

  private Map<Segment, double[]> reference(EpochPlan.Micro m) {
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    for (Segment s : step.graph().objective().referenceNll()) {
      double[] all = data.reference().get(s);
      reference.put(s, Arrays.stream(m.of(s)).mapToDouble(i -> all[i]).toArray());
    }
    return reference;
  }

  private List<double[]> floors(EpochPlan.Micro m) {
    return step.graph().objective().floor().isEmpty()
        ? List.of()
        : Arrays.stream(m.of(Segment.FORGET)).mapToObj(data.floors()::get).toList();
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
