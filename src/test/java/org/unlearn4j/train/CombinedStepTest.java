package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.CombineSettings;
import org.unlearn4j.config.CombineSettings.Rule;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.train.CombinedByHand.Vector;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;

/**
 * What the optimiser gets of forget and retain gradient, against the rules in float64 over
 * gradients of a graph that knows nothing of them, each term's taken alone.
 */
class CombinedStepTest {
  /**
   * Of a tensor's norm: a float32 gradient is off by up to 2e-6 of it, and the rules add their
   * rounding.
   */
  private static final double TOLERANCE = 1e-5;

  private static StepControl control(double alpha) {
    return new StepControl(alpha, 0, new StepControl.ViewSeed(5, 3, 0));
  }

  private static TrainingStep step(StepFixture fixture, Objective objective, CombineSettings rule) {
    return TrainingSteps.combined(fixture, objective, Computations.FP32, rule, Optional.empty(), 1);
  }

  /** One term's gradient at the fixture's weights. */
  private static Vector gradient(RobustByHand plain, String term, StepBatch rows) {
    return Vector.of(plain.gradient(term, plain.weights(), rows));
  }

  private static void assertNear(Vector expected, Map<String, float[]> actual) {
    TrainingSteps.assertNear(expected.narrow(), actual, TOLERANCE);
  }

  private static void assertFar(String what, Vector wrong, Map<String, float[]> actual) {
    assertThrows(AssertionFailedError.class, () -> assertNear(wrong, actual), what);
  }

  /**
   * Rows to be forgotten among those to be kept, a gradient against the other: where the fixture's
   * own rows meet they hardly do.
   */
  static StepBatch conflicting(StepBatch whole, int forget, int from, int to) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(whole.rows());
    List<TokenRow> kept = new ArrayList<>(rows.get(Segment.FORGET).subList(forget, forget + 1));
    kept.addAll(rows.get(Segment.RETAIN).subList(from, to));
    rows.put(Segment.RETAIN, kept);
    return StepBatch.whole(rows, whole.referenceNll());
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void theGradientIsThatOfTheRule(String family) {
    StepFixture fixture = new StepFixture(family);
    Objective objective = TrainingSteps.npo(fixture);
    StepBatch rows = conflicting(fixture.batch(objective), 0, 0, 4);
    Vector f;
    Vector r;
    try (RobustByHand plain = new RobustByHand(fixture, objective, 0, rows)) {
      f = gradient(plain, "forget", rows);
      r = gradient(plain, "retain", rows);
    }
    assertTrue(f.dot(r) < -0.1 * f.norm() * r.norm(), "they are in conflict: " + f.dot(r));
    for (Rule rule : List.of(Rule.GRU, Rule.PCGRAD, Rule.AGREE)) {
      try (TrainingStep step = step(fixture, objective, new CombineSettings(rule, 0))) {
        equalsTheRule(step, rule, rows, f, r);
      }
    }
  }

  private static void equalsTheRule(
      TrainingStep step, Rule rule, StepBatch rows, Vector f, Vector r) {
    TrainingStep.Outcome seen = step.run(1, List.of(rows), 0, control(1));
    Vector expected = CombinedByHand.of(rule, f, r, r);
    Map<String, float[]> actual = TrainingSteps.gradient(step);
    assertNear(expected, actual);
    assertClose("norm", expected.norm(), seen.gradNorm(), 0, TOLERANCE);
    CombinedByHand.mistakes(rule, f, r, r).forEach((what, g) -> assertFar(what, g, actual));

    // With the retain loss turned round both point to one side, where a projection does harm.
    Vector turned = r.times(-1);
    step.reset();
    step.run(1, List.of(rows), 0, control(-1));
    Map<String, float[]> beside = TrainingSteps.gradient(step);
    assertNear(CombinedByHand.of(rule, f, turned, turned), beside);
    if (rule != Rule.AGREE) {
      assertNear(f.plus(1, turned), beside);
      Vector projected = CombinedByHand.projected(f, turned);
      assertFar("projected all the same", projected.plus(1, turned), beside);
      Vector other = CombinedByHand.projected(turned, f);
      assertFar("both are", projected.plus(1, other), beside);
    }
  }

  /** Two steps over other retain rows: a = 0.8 (0.2 r1) + 0.2 r2, but what is added is r2. */
  @ParameterizedTest
  @CsvSource({"llama, AGREE", "gpt2, GRU"})
  void theAverageIsThatOfAllSteps(String family, Rule rule) {
    StepFixture fixture = new StepFixture(family);
    Objective objective = TrainingSteps.npo(fixture);
    StepBatch first = conflicting(fixture.batch(objective), 0, 0, 2);
    StepBatch second = conflicting(fixture.batch(objective), 1, 2, 4);
    try (RobustByHand plain = new RobustByHand(fixture, objective, 0, first);
        TrainingStep step = step(fixture, objective, new CombineSettings(rule, 0.8))) {
      Vector f = gradient(plain, "forget", first);
      Vector r1 = gradient(plain, "retain", first);
      step.run(1, List.of(first), 0, control(1));
      assertNear(CombinedByHand.of(rule, f, r1, r1), TrainingSteps.gradient(step));
      step.optimizer().reset(); // the moments, by which the gradient is read; not the average
      Vector r2 = gradient(plain, "retain", second);
      Vector a = r1.times(0.8 * 0.2).plus(0.2, r2);
      step.run(2, List.of(second), 0, control(1));
      Map<String, float[]> actual = TrainingSteps.gradient(step);
      assertNear(CombinedByHand.of(rule, f, r2, a), actual);
      assertFar("this step's in its place", CombinedByHand.of(rule, f, r2, r2), actual);
      assertFar("that of the step before", CombinedByHand.of(rule, f, r2, r1), actual);
      assertFar("the average is added", CombinedByHand.of(rule, f, a, a), actual);
      Vector swapped = r1.times(0.2 * 0.8).plus(0.8, r2);
      assertFar("the factors swapped", CombinedByHand.of(rule, f, r2, swapped), actual);
      step.reset();
      step.run(1, List.of(second), 0, control(1));
      assertNear(CombinedByHand.of(rule, f, r2, r2), TrainingSteps.gradient(step));
    }
  }
}
