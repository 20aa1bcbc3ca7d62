package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Close;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.nn.Adapter;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.DType;

/**
 * A step through adapters against the same step of the model that has them merged into its weights:
 * losses are equal, and gradients are those of the weights, projected.
 */
class AdapterStepTest {
  /** Float32 sums in another order; whole tensors, L2 norm of the difference over L2 norm. */
  private static final double ROUNDING = 2e-5;

  private static final Adapter.Shape SHAPE = new Adapter.Shape(3, 6, false, 0);

  private static Objective objective(StepFixture fixture, String... settings) {
    return Objectives.of(Pipeline.defaults("NPO", List.of(settings)).unlearn(), fixture.decoder());
  }

  private static Objective clreg(StepFixture fixture, String... more) {
    List<String> settings =
        new java.util.ArrayList<>(List.of("unlearn.clreg.weight=0.1", "unlearn.clreg.view=mask"));
    settings.addAll(List.of(more));
    return objective(fixture, settings.toArray(String[]::new));
  }

  private static void assertNear(
      Map<String, float[]> expected, Map<String, float[]> actual, double relative) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach(
        (name, e) -> {
          float[] difference = actual.get(name).clone();
          for (int i = 0; i < e.length; i++) {
            difference[i] -= e[i];
          }
          double norm = StepFixture.Values.l2(e);
          assertTrue(norm > 1e-8, name + ": there is nothing to compare");
          double found = StepFixture.Values.l2(difference) / norm;
          assertTrue(found <= relative, name + ": " + found + ", expected " + relative);
        });
  }

  private static void assertSameLosses(
      StepFixture.Values expected, StepFixture.Values actual, double relative) {
    assertEquals(expected.terms().keySet(), actual.terms().keySet());
    expected
        .terms()
        .forEach((n, v) -> Close.assertClose(n, v, actual.terms().get(n), 1e-6, relative));
    Close.assertClose("total", expected.total(), actual.total(), 1e-6, relative);
  }

  /** Separate, fused and transposed matrices, with NPO, a retain loss and CLReg. */
  @ParameterizedTest
  @CsvSource({"llama,false", "llama,true", "gpt2,false", "gpt2,true"})
  void gradientsAreThoseOfTheWeightsProjected(String family, boolean recompute) {
    AdaptedSteps steps = new AdaptedSteps(new StepFixture(family), SHAPE, Adapter.ALL_LINEAR);
    Objective objective = clreg(steps.fixture);
    Map<Parameter, float[]> values = steps.drawn(1);
    StepFixture.Values plain =
        steps.plain(objective, steps.merged(values), Computations.FP32.unarranged());
    StepFixture.Values adapted =
        steps.run(
            objective, steps.adaptation(false), values, Computations.FP32.recomputing(recompute));
    assertSameLosses(plain, adapted, 1e-5);
    double scale = SHAPE.scale();
    assertNear(steps.projected(plain.gradients(), values, scale), adapted.gradients(), ROUNDING);
    // The plausible mistakes: no scale, and A and B of the base without its adapters.
    Map<String, float[]> unscaled = steps.projected(plain.gradients(), values, 1);
    assertThrows(AssertionFailedError.class, () -> assertNear(unscaled, adapted.gradients(), 0.1));
    StepFixture.Values base = steps.plain(objective, steps.base(), Computations.FP32);
    assertThrows(AssertionFailedError.class, () -> assertSameLosses(base, adapted, 1e-4));
  }

  /** With A the identity and B zero, B's gradient is that of the weights, times the scale. */
  @Test
  void atFullRankTheFirstStepIsThatOfTheWeights() {
    StepFixture fixture = new StepFixture("llama");
    int hidden = fixture.decoder().config().hiddenSize();
    AdaptedSteps steps =
        new AdaptedSteps(fixture, new Adapter.Shape(hidden, hidden, false, 0), "q", "o");
    Map<Parameter, float[]> values = new HashMap<>();
    for (Adapter.Target t : steps.adapter.targets()) {
      float[] identity = new float[(int) t.down().size()];
      for (int i = 0; i < hidden; i++) {
        identity[i * hidden + i] = 1;
      }
      values.put(t.down(), identity);
      values.put(t.up(), new float[(int) t.up().size()]);
    }
    Objective objective = clreg(fixture);
    Map<String, float[]> weights =
        steps.plain(objective, steps.base(), Computations.FP32.unarranged()).gradients();
    Map<String, float[]> adapted =
        steps
            .run(objective, steps.adaptation(false), values, Computations.FP32.unarranged())
            .gradients();
    for (Adapter.Target t : steps.adapter.targets()) {
      assertNear(
          Map.of("B", weights.get(t.linear().weight().name())),
          Map.of("B", adapted.get(t.up().name())),
          1e-6);
      assertArrayEquals(new float[(int) t.down().size()], adapted.get(t.down().name()), "A");
    }
  }

  /**
   * The twin of a retain loss is the base, not a copy of it, whatever the adapters have learned.
   */
  @Test
  void theFrozenTwinIsTheModelWithoutItsAdapters() {
    AdaptedSteps steps = new AdaptedSteps(new StepFixture("llama"), SHAPE, "all-linear");
    Objective kl = objective(steps.fixture, "unlearn.objective.retain=KL");
    Map<Parameter, float[]> values = steps.drawn(2);
    StepFixture.Values plain = steps.plain(kl, steps.merged(values), Computations.FP32);
    assertTrue(plain.terms().get("retain") > 1e-3, "the adapters move nothing");
    StepFixture.Values adapted = steps.run(kl, steps.adaptation(false), values, Computations.FP32);
    assertSameLosses(plain, adapted, 1e-4);
    try (StepGraph graph =
        new StepGraph(
            steps.fixture.decoder(), kl.adapting(steps.adaptation(false)), Computations.FP32)) {
      assertTrue(graph.frozen().isEmpty(), "there is a second copy of the model");
    }
  }

  /** Adapters that begin elsewhere than at zero begin as the base: what they were comes off. */
  @Test
  void whatAdaptersBeginWithIsTakenOffAgain() {
    AdaptedSteps steps = new AdaptedSteps(new StepFixture("gpt2"), SHAPE, "all-linear");
    Objective objective = objective(steps.fixture);
    Map<Parameter, float[]> values = steps.drawn(3);
    StepFixture.Values base = steps.plain(objective, steps.base(), Computations.FP32);
    StepFixture.Values adapted =
        steps.run(objective, steps.adaptation(true), values, Computations.FP32);
    assertSameLosses(base, adapted, 1e-5);
    assertNear(
        steps.projected(base.gradients(), values, SHAPE.scale()), adapted.gradients(), ROUNDING);
  }

  /** Weights in 16 bits are read as what they stand for: as the rounded model in float32. */
  @ParameterizedTest
  @CsvSource({"BF16,false", "BF16,true", "F16,false"})
  void theBaseLiesInTheFormatOfItsCheckpoint(DType format, boolean recompute) {
    AdaptedSteps steps = new AdaptedSteps(new StepFixture("llama"), SHAPE, "all-linear");
    Objective objective = clreg(steps.fixture);
    Map<Parameter, float[]> values = steps.drawn(4);
    StepFixture.Values wide =
        steps.run(objective, steps.adaptation(false), values, Computations.FP32);
    StepFixture.Values narrow =
        steps.run(
            objective, steps.stored(format), values, Computations.FP32.recomputing(recompute));
    Map<String, float[]> rounded = steps.base();
    rounded.values().forEach(w -> round(format, w));
    StepFixture.Values expected;
    try (StepGraph graph =
        new StepGraph(
            steps.fixture.decoder(),
            objective.adapting(steps.adaptation(false)),
            Computations.FP32)) {
      graph.variables().assign(p -> java.nio.FloatBuffer.wrap(rounded.get(p.name())));
      graph.learned().assign(p -> java.nio.FloatBuffer.wrap(values.get(p)));
      expected =
          StepFixture.run(graph, steps.fixture.batch(objective), StepControl.of(objective, 0.1));
    }
    assertSameLosses(expected, narrow, 1e-5);
    assertNear(expected.gradients(), narrow.gradients(), ROUNDING);
    assertThrows(
        AssertionFailedError.class,
        () -> assertNear(wide.gradients(), narrow.gradients(), ROUNDING),
        "rounding moves nothing");
  }

  private static void round(DType format, float[] w) {
    java.nio.ByteBuffer bytes =
        java.nio.ByteBuffer.allocate(2).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < w.length; i++) {
      bytes.clear();
      format.encode(java.nio.FloatBuffer.wrap(w, i, 1), bytes);
      short half = bytes.getShort(0);
      w[i] = format == DType.F16 ? DType.halfToFloat(half) : Float.intBitsToFloat(half << 16);
    }
  }
}
