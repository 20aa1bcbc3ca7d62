package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.RobustSettings;
import org.unlearn4j.config.RobustSettings.Attack;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;

/** A robust step of every objective, with everything that a step can have besides. */
class RobustObjectivesTest {
  private static final double LAMBDA = 0.5;

  private static final RobustSettings SAM = new RobustSettings(Attack.SAM, 0.1, 1, 1, 1);

  /** As for a plain step: what float32 loses of whole tensors. */
  private static final double TOLERANCE = 1e-5;

  private final StepFixture fixture = new StepFixture("llama");

  private Objective objective(String name, String... sets) {
    return Objectives.of(Pipeline.defaults(name, List.of(sets)).unlearn(), fixture.decoder());
  }

  private static StepControl control(Objective objective) {
    return new StepControl(objective.alpha(), LAMBDA, new StepControl.ViewSeed(5, 3, 0));
  }

  /** The step and the same put together outside its graph. */
  private void equalsTheSameByHand(Objective objective, double tolerance) {
    try (RobustByHand plain = new RobustByHand(fixture, objective, LAMBDA);
        TrainingStep step = TrainingSteps.robust(fixture, objective, Computations.FP32, SAM, 1)) {
      TrainingStep.Outcome seen = step.run(1, List.of(plain.batch()), 0, control(objective));
      Map<String, float[]> here = plain.weights();
      Map<String, float[]> there = plain.ascended(SAM.radius(), false);
      Map<String, float[]> actual = TrainingSteps.gradient(step);
      TrainingSteps.assertNear(plain.combined(there, here), actual, tolerance);
      Map<String, float[]> wrong = plain.combined(here, here);
      assertThrows(
          AssertionFailedError.class,
          () -> TrainingSteps.assertNear(wrong, actual, tolerance),
          "the attack has moved nothing");
      if (seen.terms().size() > 1) {
        Map<String, float[]> everything = plain.combined(there, there);
        assertThrows(
            AssertionFailedError.class,
            () -> TrainingSteps.assertNear(everything, actual, tolerance),
            "what is kept is taken where the attack ends");
      }
      // What a dual variable and the log see of the rest is its value where the weights are.
      for (String term : seen.terms().keySet()) {
        if (!term.equals("forget")) {
          assertClose(term, plain.value(term), seen.terms().get(term), 1e-6, TOLERANCE);
        }
      }
    }
  }

  /** One of each structure: nothing kept, pairs of rows, a twin on either side, a constraint. */
  @ParameterizedTest
  @CsvSource({
    "GradAscent, unlearn.seed=1",
    "DPO, unlearn.objective.retain=none",
    "UNDIAL, unlearn.objective.alpha=1",
    "NPO, unlearn.objective.retain=KL",
    "PDU, unlearn.objective.epsilon=1",
    "RMU, unlearn.objective.layer=1",
    "CircuitBreaker, unlearn.objective.layers=1"
  })
  void ofEachStructure(String name, String set) {
    equalsTheSameByHand(objective(name, set), TOLERANCE);
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource({
    "GradDiff, unlearn.seed=1",
    "NPO, unlearn.seed=1",
    "NPO, unlearn.objective.retain=none",
    "SimNPO, unlearn.seed=1",
    "DPO, unlearn.seed=1",
    "UNDIAL, unlearn.seed=1",
    "CEU, unlearn.seed=1",
    "WGA, unlearn.seed=1",
    "SatImp, unlearn.seed=1"
  })
  void ofTheOthers(String name, String set) {
    equalsTheSameByHand(objective(name, set), TOLERANCE);
  }

  /** Taken at the weights as they are, whatever it compares. */
  @ParameterizedTest
  @CsvSource({"contrastive", "margin", "compact", "supervised"})
  void withARegulariser(String form) {
    String set = "unlearn.clreg={weight: 0.5, form: " + form + ", margin: -0.5, queue: 2}";
    equalsTheSameByHand(objective("NPO", set), TOLERANCE);
  }

  /** An attack that learns runs over a batch of no forget rows, which a regulariser must bear. */
  @ParameterizedTest
  @CsvSource({"contrastive", "margin", "compact", "supervised"})
  void learningBesideARegulariser(String form) {
    Objective objective = objective("NPO", "unlearn.clreg={weight: 0.5, form: " + form + "}");
    StepBatch batch = fixture.batch(objective);
    RobustSettings relearn = new RobustSettings(Attack.RELEARN, 1, 1, 1e-3, 1);
    StepBatch lesson = StepBatch.lesson(fixture.rows().get(Segment.ALTERNATE), batch.totals());
    try (TrainingStep step =
        TrainingSteps.robust(fixture, objective, Computations.FP32, relearn, 1)) {
      StepBatches batches = step.collate(List.of(batch), List.of(lesson));
      TrainingStep.Outcome seen = step.runCollated(1, batches, 1e-3, control(objective));
      assertTrue(Double.isFinite(seen.gradNorm()) && Double.isFinite(seen.total()));
      assertTrue(seen.gradNorm() > 0, seen.toString());
    }
  }

  /** Masks that are drawn inside the graph, floors, and weights as they will be deployed. */
  @ParameterizedTest
  @ValueSource(
      strings = {"unlearn.clreg={weight: 0.5, view: dropout}", "unlearn.quantization_aware=int8"})
  void withWhatAGraphDraws(String set) {
    Objective objective = objective("NPO", set);
    finite(objective, fixture.batch(objective), false);
  }

  @ParameterizedTest
  @CsvSource({"NPO", "UNDIAL", "CEU"})
  void withFloors(String name) {
    Objective objective = objective(name, "unlearn.objective.floor=0.5");
    List<double[]> floors =
        fixture.rows().get(Segment.FORGET).stream()
            .map(r -> DoubleStream.generate(() -> 0.5).limit(r.labelled()).toArray())
            .toList();
    TrainingStep.Outcome seen =
        finite(objective, fixture.batch(objective).withFloors(floors), false);
    assertTrue(seen.terms().get("floor") > 0, "some tokens are below their floor");
  }

  @Test
  void inHalfPrecision() {
    Objective objective = objective("NPO");
    finite(objective, fixture.batch(objective), true);
  }

  private TrainingStep.Outcome finite(Objective objective, StepBatch batch, boolean half) {
    try (TrainingStep step =
        TrainingSteps.robust(
            fixture, objective, half ? Computations.BF16 : Computations.FP32, SAM, 1)) {
      Map<String, float[]> before = StepFixture.weights(step.graph());
      TrainingStep.Outcome seen = step.run(1, List.of(batch), 1e-3, control(objective));
      assertTrue(Double.isFinite(seen.total()) && seen.gradNorm() > 0, seen.toString());
      assertTrue(Double.isFinite(seen.gradNorm()), seen.toString());
      StepFixture.weights(step.graph())
          .forEach(
              (name, w) -> {
                double apart = 0;
                for (int i = 0; i < w.length; i++) {
                  apart = Math.max(apart, Math.abs((double) w[i] - before.get(name)[i]));
                }
                // Adam's first step moves every value by the rate, and nothing by more.
                assertClose(name, 1e-3, apart, 0, 0.01);
              });
      return seen;
    }
  }

  @Test
  void recomputingBlocksChangesNothing() {
    Objective objective = objective("NPO");
    StepBatch batch = fixture.batch(objective);
    try (TrainingStep kept = TrainingSteps.robust(fixture, objective, Computations.FP32, SAM, 1);
        TrainingStep again =
            TrainingSteps.robust(fixture, objective, Computations.FP32.recomputing(true), SAM, 1)) {
      kept.run(1, List.of(batch), 0, control(objective));
      again.run(1, List.of(batch), 0, control(objective));
      TrainingSteps.assertNear(
          TrainingSteps.gradient(kept), TrainingSteps.gradient(again), TOLERANCE);
    }
  }

  /** What does not learn is not moved, and counts in no norm. */
  @Test
  void someModulesAlone() {
    Set<String> some =
        fixture.decoder().blockMatrices().stream()
            .map(Parameter::name)
            .filter(n -> n.endsWith("v_proj.weight"))
            .collect(Collectors.toSet());
    assertEquals(3, some.size());
    Objective objective = objective("NPO").training(some);
    equalsTheSameByHand(objective, TOLERANCE);
    try (TrainingStep step = TrainingSteps.robust(fixture, objective, Computations.FP32, SAM, 1)) {
      Map<String, float[]> before = StepFixture.weights(step.graph());
      step.run(1, List.of(fixture.batch(objective)), 1e-3, control(objective));
      StepFixture.weights(step.graph())
          .forEach(
              (name, w) -> {
                if (some.contains(name)) {
                  assertFalse(Arrays.equals(before.get(name), w), name);
                } else {
                  assertArrayEquals(before.get(name), w, 0f, name);
                }
              });
    }
  }

  /** One micro-batch or two: the norm that a move is divided by is that of the whole step. */
  @Test
  void accumulatedItIsTheSameStep() {
    Objective objective = objective("NPO");
    StepBatch whole = fixture.batch(objective);
    List<StepBatch> halves = List.of(part(whole, 0, 1, 0, 2), part(whole, 1, 3, 2, 4));
    try (TrainingStep step = TrainingSteps.robust(fixture, objective, Computations.FP32, SAM, 2)) {
      TrainingStep.Outcome one = step.run(1, List.of(whole), 0, control(objective));
      final Map<String, float[]> expected = TrainingSteps.gradient(step);
      step.reset();
      TrainingStep.Outcome two = step.run(1, halves, 0, control(objective));
      TrainingSteps.assertNear(expected, TrainingSteps.gradient(step), TOLERANCE);
      assertClose("total", one.total(), two.total(), 0, TOLERANCE);
      one.terms().forEach((n, v) -> assertClose(n, v, two.terms().get(n), 0, TOLERANCE));
      // What a step left in the accumulators is not the next one's.
      step.reset();
      step.run(1, List.of(whole), 0, control(objective));
      TrainingSteps.assertNear(expected, TrainingSteps.gradient(step), TOLERANCE);
      step.reset();
      step.run(1, halves.subList(0, 1), 0, control(objective));
      assertThrows(
          AssertionFailedError.class,
          () -> TrainingSteps.assertNear(expected, TrainingSteps.gradient(step), TOLERANCE));
    }
  }

  private static StepBatch part(StepBatch whole, int f0, int f1, int r0, int r1) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    rows.put(Segment.FORGET, whole.rows().get(Segment.FORGET).subList(f0, f1));
    rows.put(Segment.RETAIN, whole.rows().get(Segment.RETAIN).subList(r0, r1));
    double[] reference = whole.referenceNll().get(Segment.FORGET);
    return new StepBatch(
        rows,
        Map.of(Segment.FORGET, Arrays.copyOfRange(reference, f0, f1)),
        Map.of(),
        whole.totals());
  }
}
