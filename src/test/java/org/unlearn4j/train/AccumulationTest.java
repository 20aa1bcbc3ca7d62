package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/** A step is the same in one piece and in several: means run over the step's tokens and rows. */
class AccumulationTest {
  private static final AdamWSettings SETTINGS = new AdamWSettings(0.01, 1);
  private static final StepControl CONTROL =
      new StepControl(1, 0, new StepControl.ViewSeed(0, 0, 0));

  /** What two steps made of the model. */
  private record Made(List<TrainingStep.Outcome> outcomes, Map<String, float[]> parameters) {}

  private final StepFixture fixture = new StepFixture("llama");
  private final List<TokenRow> forget = rows(1);
  private final List<TokenRow> retain = rows(2);
  private final double[] reference = new Random(3).doubles(8, 10, 30).toArray();

  /** Eight rows of 4 to 18 tokens, the first half much longer than the second. */
  private static List<TokenRow> rows(int seed) {
    Random random = new Random(seed);
    List<TokenRow> rows = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int[] ids = random.ints(i < 4 ? 18 - i : 11 - i, 3, 120).toArray();
      int[] labels = ids.clone();
      java.util.Arrays.fill(labels, 0, 2 + i % 2, TokenRow.IGNORED);
      rows.add(new TokenRow(ids, labels));
    }
    return rows;
  }

  private Map<Segment, List<TokenRow>> segments(int from, int to) {
    return new EnumMap<>(
        Map.of(Segment.FORGET, forget.subList(from, to), Segment.RETAIN, retain.subList(from, to)));
  }

  private Map<Segment, double[]> reference(int from, int to) {
    return Map.of(Segment.FORGET, java.util.Arrays.copyOfRange(reference, from, to));
  }

  private List<StepBatch> whole() {
    return List.of(StepBatch.whole(segments(0, 8), reference(0, 8)));
  }

  private List<StepBatch> halves() {
    StepBatch.Totals totals = StepBatch.Totals.over(List.of(segments(0, 4), segments(4, 8)));
    return List.of(
        new StepBatch(segments(0, 4), reference(0, 4), Map.of(), totals),
        new StepBatch(segments(4, 8), reference(4, 8), Map.of(), totals));
  }

  /** The plausible mistake: the mean of the micro-batches' token means. */
  private List<StepBatch> meansOfMeans() {
    List<StepBatch> wrong = new ArrayList<>();
    for (StepBatch b : halves()) {
      StepBatch.Totals own = StepBatch.Totals.over(List.of(b.rows(), b.rows()));
      wrong.add(new StepBatch(b.rows(), b.referenceNll(), Map.of(), own));
    }
    return wrong;
  }

  private TrainingStep step(Objective objective, int accumulate) {
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Precision.FP32);
    return new TrainingStep(graph, SETTINGS, accumulate);
  }

  private Made run(TrainingStep step, List<StepBatch> first, List<StepBatch> second) {
    fixture.assignPolicy(step.graph());
    step.reset();
    List<TrainingStep.Outcome> outcomes =
        List.of(step.run(1, first, 1e-4, CONTROL), step.run(2, second, 1e-4, CONTROL));
    Map<String, float[]> parameters = new LinkedHashMap<>();
    for (Parameter p : fixture.decoder().parameters()) {
      parameters.put(
          p.name(), step.graph().variables().value(step.graph().runtime().session(), p).array());
    }
    return new Made(outcomes, parameters);
  }

  private Objective objective(String name) {
    return Objectives.of(Pipeline.defaults(name, List.of()).unlearn(), fixture.decoder());
  }

  @ParameterizedTest
  @ValueSource(strings = {"GradDiff", "NPO"})
  void oneTimesEightIsTwiceFour(String name) {
    try (TrainingStep step = step(objective(name), 2)) {
      Made expected = run(step, whole(), whole());
      assertSame(expected, run(step, halves(), halves()));
      // At the end of an epoch a step may be shorter: what the step before left must not count.
      assertSame(expected, run(step, halves(), whole()));
      Made wrong = run(step, meansOfMeans(), meansOfMeans());
      assertThrows(AssertionFailedError.class, () -> assertSame(expected, wrong));
      assertThrows(
          AssertionFailedError.class, () -> assertParameters(expected, wrong), "weights alone");
      assertThrows(IllegalArgumentException.class, () -> step.run(3, List.of(), 0, CONTROL));
    }
  }

  @Test
  void aGraphThatDoesNotAccumulateMakesTheSameStep() {
    try (TrainingStep one = step(objective("NPO"), 1);
        TrainingStep two = step(objective("NPO"), 2)) {
      assertSame(run(one, whole(), whole()), run(two, halves(), halves()));
      assertThrows(IllegalArgumentException.class, () -> one.run(3, halves(), 0, CONTROL));
    }
  }

  private static void assertSame(Made expected, Made actual) {
    for (int s = 0; s < expected.outcomes().size(); s++) {
      TrainingStep.Outcome e = expected.outcomes().get(s);
      TrainingStep.Outcome a = actual.outcomes().get(s);
      assertEquals(e.terms().keySet(), a.terms().keySet());
      String when = ", step " + s;
      e.terms().forEach((n, v) -> assertClose(n + when, v, a.terms().get(n), 0, 1e-6));
      // Of the terms it is the sum of: GradDiff's cancel each other.
      double size = e.terms().values().stream().mapToDouble(Math::abs).sum();
      assertClose("total" + when, e.total(), a.total(), 1e-6 * size, 0);
      assertClose("gradient norm" + when, e.gradNorm(), a.gradNorm(), 0, 1e-6);
    }
    assertParameters(expected, actual);
  }

  /** Whole tensors: L2 norm of the difference over L2 norm. */
  private static void assertParameters(Made expected, Made actual) {
    expected
        .parameters()
        .forEach(
            (name, e) -> {
              float[] difference = actual.parameters().get(name).clone();
              for (int i = 0; i < e.length; i++) {
                difference[i] -= e[i];
              }
              double norm = StepFixture.Values.l2(e);
              assertClose(name, 0, StepFixture.Values.l2(difference) / norm, 1e-6, 0);
            });
  }
}
