package org.unlearn4j.stage;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.TargetLock;
import org.unlearn4j.base.UserException;

/**
 * Stages that depend on each other: which of them are not of their inputs, and running those in
 * order, what is independent side by side where there is memory for it.
 *
 * <p>A stage runs when its own inputs have changed, not because another one ran: what comes out of
 * a stage as it was before leaves everything behind it as it is.
 */
public final class StageGraph {
  private static final String ASKED = "it was asked for";

  private final Map<String, Stage> stages = new LinkedHashMap<>();
  private final FileHashes hashes;
  private final Map<String, String> versions;

  /**
   * A graph.
   *
   * @param stages each after those that it depends on
   * @param versions for the records
   * @throws IllegalArgumentException if a name is there twice, or a stage comes before one it needs
   */
  public StageGraph(List<Stage> stages, FileHashes hashes, Map<String, String> versions) {
    for (Stage stage : stages) {
      if (!this.stages.keySet().containsAll(stage.after())) {
        throw new IllegalArgumentException(stage.name() + " comes before " + stage.after());
      }
      if (this.stages.put(stage.name(), stage) != null) {
        throw new IllegalArgumentException(stage.name() + " is there twice");
      }
    }
    this.hashes = hashes;
    this.versions = Map.copyOf(versions);
  }

  /** Names of the stages, in order. */
  public List<String> names() {
    return List.copyOf(stages.keySet());
  }

  /** What would happen to a stage. */
  public enum Decision {
    /** It is of its inputs. */
    CURRENT,
    /** It is not. */
    RUNS,
    /** It runs if what comes before it writes something else than it did. */
    MAY_RUN
  }

  /**
   * A stage and what would happen to it.
   *
   * @param reasons a clause each
   * @param seconds that it took the last time; NaN where it never ran
   */
  public record Planned(String stage, Decision decision, List<String> reasons, double seconds) {
    public Planned {
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * What to run.
   *
   * @param goals stages to reach, with all that they need; all where there is no such set
   * @param forced stages to run whatever they are of
   * @param jobs how many may run side by side
   */
  public record Request(Optional<Set<String>> goals, Set<String> forced, int jobs) {
    public Request {
      goals = goals.map(Set::copyOf);
      forced = Set.copyOf(forced);
    }
  }

  /** Hears of what happens, from whatever thread. */
  public interface Listener {
    /** A stage begins to run. */
    void begin(Stage stage, List<String> reasons);

    /** A stage has run. */
    void done(Stage stage, Stage.Done done, double seconds);

    /** A stage that began has ended, well or not. */
    void ended(Stage stage);

    /** A stage is of its inputs and does not run. */
    void current(Stage stage);

    /** Somebody else writes what a stage has to write. */
    void waiting(String sentence);
  }

  /**
   * What would run, and why.
   *
   * @throws UserException if an input that is there is at fault
   */
  public List<Planned> plan(Request request) {
    Map<String, Planned> planned = new LinkedHashMap<>();
    for (Stage stage : wanted(request)) {
      boolean settled =
          stage.after().stream().allMatch(a -> planned.get(a).decision == Decision.CURRENT);
      planned.put(
          stage.name(),
          request.forced.contains(stage.name())
              ? new Planned(stage.name(), Decision.RUNS, List.of(ASKED), took(stage))
              : settled ? settled(stage) : unsettled(stage, planned));
    }
    return List.copyOf(planned.values());
  }

  private Planned settled(Stage stage) {
    StageCheck check = StageCheck.of(stage, hashes);
    return new Planned(
        stage.name(),
        check.current() ? Decision.CURRENT : Decision.RUNS,
        check.reasons(),
        took(stage));
  }

  /** What it reads is not all there yet, or will be another. */
  private Planned unsettled(Stage stage, Map<String, Planned> planned) {
    List<String> before =
        stage.after().stream().filter(a -> planned.get(a).decision != Decision.CURRENT).toList();
    List<String> reasons = List.of();
    try {
      reasons = StageCheck.of(stage, hashes).reasons();
    } catch (UserException e) {
      // an input that is not there yet
    }
    return reasons.isEmpty()
        ? new Planned(
            stage.name(),
            Decision.MAY_RUN,
            List.of("only if the output of " + String.join(" or ", before) + " changes"),
            took(stage))
        : new Planned(stage.name(), Decision.RUNS, reasons, took(stage));
  }

  private static double took(Stage stage) {
    return StageRecord.read(stage.output()).map(StageRecord::seconds).orElse(Double.NaN);
  }

  /** The goals and what they need, in order. */
  private List<Stage> wanted(Request request) {
    request.goals.ifPresent(this::requireKnown);
    requireKnown(request.forced);
    Set<String> names = new LinkedHashSet<>(names());
    request.goals.ifPresent(names::retainAll);
    List<Stage> reversed = new ArrayList<>(stages.values());
    Collections.reverse(reversed);
    for (Stage stage : reversed) {
      if (names.contains(stage.name())) {
        names.addAll(stage.after());
      }
    }
    return stages.values().stream().filter(s -> names.contains(s.name())).toList();
  }

  private void requireKnown(Set<String> names) {
    for (String name : names) {
      if (!stages.containsKey(name)) {
        throw new UserException(
            "stage: found " + name + ", expected one of " + String.join(", ", names()) + ".");
      }
    }
  }

  /**
   * Runs what is not of its inputs.
   *
   * @param available bytes that stages may take
   * @return whether every gate that was judged, now or before, holds
   * @throws UserException if an input is at fault, or changed while it was read
   * @throws org.unlearn4j.base.MachineException if the machine fails; what is done stays done
   */
  public boolean run(Request request, LongSupplier available, Listener listener) {
    Map<String, Boolean> passed = new HashMap<>();
    Turns turns =
        new Turns(
            wanted(request),
            request.jobs,
            available,
            stage -> {
              boolean pass = run(stage, request.forced.contains(stage.name()), listener);
              synchronized (passed) {
                passed.put(stage.name(), pass);
              }
            });
    try {
      turns.run();
    } finally {
      hashes.save();
    }
    return !passed.containsValue(false);
  }

  /**
   * Runs one stage where it has to.
   *
   * @param forced whether it runs whatever its output is of
   * @return whether its gates hold
   */
  public boolean run(Stage stage, boolean forced, Listener listener) {
    return TargetLock.<Boolean, RuntimeException>holding(
        stage.output(), listener::waiting, () -> checked(stage, forced, listener));
  }

  private boolean checked(Stage stage, boolean forced, Listener listener) {
    StopRequest.check();
    AtomicFiles.recover(stage.output());
    StageCheck check = StageCheck.of(stage, hashes);
    if (check.current() && !forced) {
      listener.current(stage);
      return check.record().orElseThrow().pass();
    }
    listener.begin(stage, check.current() ? List.of(ASKED) : check.reasons());
    return work(stage, listener);
  }

  private boolean work(Stage stage, Listener listener) {
    try {
      // Not those of the check, which has what an earlier record knew of: this run reads its own.
      Inputs known = stage.reads().now(hashes, Optional.empty());
      long start = System.nanoTime();
      Stage.Done done = stage.work().get();
      double seconds = (System.nanoTime() - start) / 1e9;
      Inputs inputs = known.with(done.read());
      requireSame(stage, inputs);
      new StageRecord(
              stage.name(),
              inputs.identity(stage.kind()),
              inputs,
              StageCheck.written(stage, done.written(), hashes),
              versions,
              Instant.now().truncatedTo(ChronoUnit.MILLIS),
              seconds,
              done.pass())
          .write(stage.output());
      done.close().run();
      listener.done(stage, done, seconds);
      return done.pass();
    } finally {
      listener.ended(stage);
    }
  }

  /** What a stage read must be what its record will say. */
  private void requireSame(Stage stage, Inputs read) {
    Inputs after = stage.reads().now(hashes, Optional.of(read));
    if (!after.equals(read)) {
      throw new UserException(
          stage.name()
              + ": "
              + String.join("; ", after.differences(read))
              + " while it ran, so its output belongs to neither state of its inputs; run it"
              + " again.");
    }
  }
}
