package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.ObjectiveName;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/** A step is the same in one piece and in several: means run over the step's tokens and rows. */
class AccumulationTest {
  private static final OptimizerSettings SETTINGS = OptimizerSettings.adamW(0.01, 1);
  private static final StepControl CONTROL =
      new StepControl(1, 0, new StepControl.ViewSeed(0, 0, 0));

  /** What two steps made of the model. */
  private record Made(List<TrainingStep.Outcome> outcomes, Map<String, float[]> parameters) {}

  private final StepFixture fixture = new StepFixture("llama");
  private final List<TokenRow> forget = rows(1);
  private final List<TokenRow> retain = rows(2);
  private final List<TokenRow> alternate = rows(4);
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

  private Map<Segment, List<TokenRow>> segments(Objective objective, int from, int to) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(Segment.class);
    rows.put(Segment.FORGET, forget.subList(from, to));
    rows.put(Segment.RETAIN, retain.subList(from, to));
    rows.put(Segment.ALTERNATE, alternate.subList(from, to));
    rows.keySet().retainAll(objective.segments());
    return rows;
  }

  private Map<Segment, double[]> reference(Objective objective, int from, int to) {
    Map<Segment, double[]> nll = new EnumMap<>(Segment.class);
    for (Segment s : objective.referenceNll()) {
      nll.put(s, java.util.Arrays.copyOfRange(reference, from, to));
    }
    return nll;
  }

  private List<StepBatch> whole(Objective o) {
    return List.of(StepBatch.whole(segments(o, 0, 8), reference(o, 0, 8)));
  }

  /** Three rows and five, so that neither rows nor tokens are halved. */
  private List<StepBatch> halves(Objective o) {
    StepBatch.Totals totals = StepBatch.Totals.over(List.of(segments(o, 0, 3), segments(o, 3, 8)));
    return List.of(
        new StepBatch(segments(o, 0, 3), reference(o, 0, 3), Map.of(), totals),
        new StepBatch(segments(o, 3, 8), reference(o, 3, 8), Map.of(), totals));
  }

  /** The plausible mistake: the mean of the micro-batches' token means. */
  private List<StepBatch> meansOfMeans(Objective o) {
    List<StepBatch> wrong = new ArrayList<>();
    for (StepBatch b : halves(o)) {
      StepBatch.Totals own = StepBatch.Totals.over(List.of(b.rows(), b.rows()));
      wrong.add(new StepBatch(b.rows(), b.referenceNll(), Map.of(), own));
    }
    return wrong;
  }

  private TrainingStep step(Objective objective, int accumulate) {
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32);
    return new TrainingStep(graph, SETTINGS, accumulate);
  }

  private Made run(TrainingStep step, List<StepBatch> first, List<StepBatch> second) {
    fixture.assignPolicy(step.graph());
    step.reset();
    List<TrainingStep.Outcome> outcomes =
        List.of(step.run(1, first, 1e-4, CONTROL), step.run(2, second, 1e-4, CONTROL));
    return new Made(outcomes, StepFixture.weights(step.graph()));
  }

  private Objective objective(String name) {
    List<String> required =
        switch (name) {
          case "RMU" -> List.of("unlearn.objective.layer=1");
          case "PDU" -> List.of("unlearn.objective.epsilon=1");
          default -> List.of();
        };
    return Objectives.of(Pipeline.defaults(name, required).unlearn(), fixture.decoder());
  }

  /** One of each way to reduce: token means, row means, skipped tokens, rows of tokens, shares. */
  @ParameterizedTest
  @EnumSource(
      value = ObjectiveName.class,
      names = {"GRAD_DIFF", "NPO", "CEU", "RMU", "PDU", "IHL", "FLAT"})
  void oneTimesEightIsThreeAndFive(ObjectiveName name) {
    Objective objective = objective(name.spelling());
    try (TrainingStep step = step(objective, 2)) {
      Made expected = run(step, whole(objective), whole(objective));
      assertSame(expected, run(step, halves(objective), halves(objective)));
      // At the end of an epoch a step may be shorter: what the step before left must not count.
      assertSame(expected, run(step, halves(objective), whole(objective)));
      Made wrong = run(step, meansOfMeans(objective), meansOfMeans(objective));
      assertThrows(AssertionFailedError.class, () -> assertSame(expected, wrong));
      assertThrows(
          AssertionFailedError.class, () -> assertParameters(expected, wrong), "weights alone");
      assertThrows(IllegalArgumentException.class, () -> step.run(3, List.of(), 0, CONTROL));
    }
  }

  @Test
  void aGraphThatDoesNotAccumulateMakesTheSameStep() {
    Objective npo = objective("NPO");
    try (TrainingStep one = step(npo, 1);
        TrainingStep two = step(npo, 2)) {
      assertSame(run(one, whole(npo), whole(npo)), run(two, halves(npo), halves(npo)));
      assertThrows(IllegalArgumentException.class, () -> one.run(3, halves(npo), 0, CONTROL));
    }
  }

  private static void assertSame(Made expected, Made actual) {
    for (int s = 0; s < expected.outcomes().size(); s++) {
      TrainingStep.Outcome e = expected.outcomes().get(s);
      TrainingStep.Outcome a = actual.outcomes().get(s);
      assertEquals(e.terms().keySet(), a.terms().keySet());
      String when = ", step " + s;
      // Sums in another order: float32's 6e-8, times what exponentials and differences amplify.
      e.terms().forEach((n, v) -> assertClose(n + when, v, a.terms().get(n), 0, 1e-5));
      // Of the terms it is the sum of: GradDiff's cancel each other.
      double size = e.terms().values().stream().mapToDouble(Math::abs).sum();
      assertClose("total" + when, e.total(), a.total(), 1e-5 * size, 0);
      // The second step begins where Adam went, whose steps need not agree where a gradient is
      // rounding alone (see assertParameters); from the same weights it is the order of sums alone.
      assertClose("gradient norm" + when, e.gradNorm(), a.gradNorm(), 0, s == 0 ? 1e-6 : 1e-5);
    }
    assertParameters(expected, actual);
  }

  /**
   * Whole tensors: L2 norm of the difference over L2 norm. A gradient that is nothing but rounding
   * may turn Adam's step of a value around: 2e-4 in a table of norm 31 is 6e-6.
   */
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
              assertClose(name, 0, StepFixture.Values.l2(difference) / norm, 1e-5, 0);
            });
  }
}
