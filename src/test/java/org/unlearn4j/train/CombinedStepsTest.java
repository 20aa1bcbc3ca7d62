package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.CombineSettings;
import org.unlearn4j.config.CombineSettings.Rule;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.RobustSettings;
import org.unlearn4j.config.RobustSettings.Attack;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.train.CombinedByHand.Vector;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/** A rule that combines gradients, however a step is computed and whatever learns in it. */
class CombinedStepsTest {
  /** As for a plain step: what float32 loses of whole tensors. */
  private static final double TOLERANCE = 1e-5;

  private static final RobustSettings SAM = new RobustSettings(Attack.SAM, 0.1, 1, 1, 1);
  private static final CombineSettings GRU = new CombineSettings(Rule.GRU, 0.9);

  private final StepFixture fixture = new StepFixture("llama");

  private Objective objective(String name, String... sets) {
    return Objectives.of(Pipeline.defaults(name, List.of(sets)).unlearn(), fixture.decoder());
  }

  private static StepControl control(double alpha) {
    return new StepControl(alpha, 0, new StepControl.ViewSeed(5, 3, 0));
  }

  private TrainingStep step(
      Objective objective, CombineSettings rule, Optional<RobustSettings> attack) {
    return TrainingSteps.combined(fixture, objective, Computations.FP32, rule, attack, 1);
  }

  private StepBatch conflicting(Objective objective) {
    return CombinedStepTest.conflicting(fixture.batch(objective), 0, 0, 4);
  }

  private static void assertNear(Vector expected, Map<String, float[]> actual) {
    TrainingSteps.assertNear(expected.narrow(), actual, TOLERANCE);
  }

  private static void assertFar(String what, Vector wrong, Map<String, float[]> actual) {
    assertThrows(AssertionFailedError.class, () -> assertNear(wrong, actual), what);
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

  /** The rule sees the gradients of the step, not those of its micro-batches. */
  @Test
  void accumulatedItIsTheSameStep() {
    Objective objective = objective("NPO");
    StepBatch whole = fixture.batch(objective);
    List<StepBatch> halves = List.of(part(whole, 0, 1, 0, 2), part(whole, 1, 3, 2, 4));
    for (Optional<RobustSettings> attack :
        List.of(Optional.<RobustSettings>empty(), Optional.of(SAM))) {
      try (TrainingStep step =
          TrainingSteps.combined(fixture, objective, Computations.FP32, GRU, attack, 2)) {
        TrainingStep.Outcome one = step.run(1, List.of(whole), 0, control(1));
        final Map<String, float[]> expected = TrainingSteps.gradient(step);
        step.reset();
        TrainingStep.Outcome two = step.run(1, halves, 0, control(1));
        TrainingSteps.assertNear(expected, TrainingSteps.gradient(step), TOLERANCE);
        assertClose("total", one.total(), two.total(), 0, TOLERANCE);
        one.terms().forEach((n, v) -> assertClose(n, v, two.terms().get(n), 0, TOLERANCE));
        step.reset();
        step.run(1, halves.subList(0, 1), 0, control(1));
        assertThrows(
            AssertionFailedError.class,
            () -> TrainingSteps.assertNear(expected, TrainingSteps.gradient(step), TOLERANCE));
      }
    }
  }

  private Vector gradient(Computation computation) {
    Objective objective = objective("NPO");
    CombineSettings rule = new CombineSettings(Rule.PCGRAD, 0);
    try (TrainingStep step =
        TrainingSteps.combined(fixture, objective, computation, rule, Optional.empty(), 1)) {
      step.run(1, List.of(conflicting(objective)), 0, control(1));
      return Vector.of(TrainingSteps.gradient(step));
    }
  }

  /**
   * Recomputed it is the same, in bfloat16 near it: a rounding of 2^-9 in every product, several
   * times as much beside what two gradients in conflict leave of each other.
   */
  @Tag("slow") // three graphs
  @Test
  void howTheModelIsComputedMattersNot() {
    Vector plain = gradient(Computations.FP32);
    assertNear(plain, gradient(Computations.FP32.recomputing(true)).narrow());
    Vector half = gradient(Computations.BF16);
    assertClose("bf16", 0, half.plus(-1, plain).norm() / plain.norm(), 0.15, 0);
  }

  /**
   * What learns is the adapters alone, A and B as one vector. Their parts are those of a step that
   * knows of no rule: without the retain loss, and what that adds.
   */
  @Test
  void ofAdapters() {
    UnlearnSettings unlearn =
        Pipeline.defaults("NPO", List.of("unlearn.adapter={rank: 2}")).unlearn();
    Objective objective = Objectives.forTraining(unlearn, fixture.decoder(), Map.of());
    StepBatch rows = conflicting(objective);
    Vector f;
    Vector r;
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32);
    try (TrainingStep plain = new TrainingStep(graph, OptimizerSettings.adamW(0, 0), 1)) {
      begin(plain);
      plain.reset();
      plain.run(1, List.of(rows), 0, control(0));
      f = Vector.of(TrainingSteps.gradient(plain));
      plain.reset();
      plain.run(1, List.of(rows), 0, control(1));
      r = Vector.of(TrainingSteps.gradient(plain)).plus(-1, f);
    }
    assertTrue(f.dot(r) < -1e-3 * f.norm() * r.norm(), "they are in conflict: " + f.dot(r));
    for (Rule rule : List.of(Rule.GRU, Rule.AGREE)) {
      try (TrainingStep step = step(objective, new CombineSettings(rule, 0.9), Optional.empty())) {
        begin(step);
        step.run(1, List.of(rows), 0, control(1));
        Map<String, float[]> actual = TrainingSteps.gradient(step);
        assertNear(CombinedByHand.of(rule, f, r, r), actual);
        assertFar("the plain sum", f.plus(1, r), actual);
      }
    }
  }

  /** With A and B that are not 0, so that both have a gradient. */
  private void begin(TrainingStep step) {
    fixture.assignPolicy(step.graph());
    step.graph()
        .learned()
        .assign(
            p -> {
              Random random = new Random(p.name().hashCode());
              float[] v = new float[(int) p.size()];
              for (int i = 0; i < v.length; i++) {
                v[i] = (float) (0.1 * random.nextGaussian());
              }
              return FloatBuffer.wrap(v);
            });
  }

  /** Where nothing is in conflict the step is that of a graph without a rule, but for rounding. */
  @ParameterizedTest
  @ValueSource(strings = {"unlearn.objective.floor=0.5", "unlearn.quantization_aware=int8"})
  void withWhatAStepCanHave(String set) {
    Objective objective = objective("NPO", set);
    StepBatch batch = fixture.batch(objective);
    if (objective.floor().isPresent()) {
      List<double[]> floors =
          fixture.rows().get(Segment.FORGET).stream()
              .map(r -> DoubleStream.generate(() -> 0.5).limit(r.labelled()))
              .map(DoubleStream::toArray)
              .toList();
      batch = batch.withFloors(floors);
    }
    Map<String, float[]> seen = new LinkedHashMap<>();
    try (TrainingStep step = step(objective, GRU, Optional.empty())) {
      TrainingStep.Outcome outcome = step.run(1, List.of(batch), 1e-3, control(-1));
      assertTrue(Double.isFinite(outcome.total()) && outcome.gradNorm() > 0, outcome.toString());
      assertEquals(objective.floor().isPresent(), outcome.terms().containsKey("floor"));
      seen.putAll(TrainingSteps.gradient(step));
    }
    StepFixture.Values sum = fixture.run(objective, batch, control(-1), Computations.FP32);
    TrainingSteps.assertNear(sum.gradients(), new LinkedHashMap<>(seen), TOLERANCE);
  }
}
