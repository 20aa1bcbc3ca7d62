package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.RobustSettings;
import org.unlearn4j.config.RobustSettings.Attack;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * A robust step against float64 values of an independent implementation, {@code robust.json}: NPO
 * at weights that SAM or relearning has moved, plus the retain loss at the weights as they are.
 */
class RobustStepTest {
  /**
   * Of a tensor's norm. A plain float32 gradient is off by up to 2e-6 of it; the move adds its own
   * rounding, and signs of gradients that are nothing but rounding: turning all of them moves what
   * {@code robust.json} has by 3e-6.
   */
  private static final double TOLERANCE = 1e-5;

  private static final StepControl CONTROL =
      new StepControl(1, 0, new StepControl.ViewSeed(5, 3, 0));

  private static RobustSettings settings(Attack attack, JsonNode numbers) {
    return new RobustSettings(
        attack,
        numbers.path("radius").asDouble(0.5),
        Math.max(1, numbers.path("lessons").size()),
        numbers.path("rate").asDouble(1),
        1);
  }

  /** The rows that {@code robust.json} names. */
  private static List<StepBatch> lessons(StepFixture fixture, JsonNode numbers, StepBatch step) {
    List<StepBatch> lessons = new ArrayList<>();
    for (JsonNode lesson : numbers.path("lessons")) {
      List<TokenRow> rows = new ArrayList<>();
      for (JsonNode at : lesson) {
        Segment s = Segment.valueOf(at.path("segment").asText().toUpperCase(Locale.ROOT));
        rows.add(fixture.rows().get(s).get(at.path("row").intValue()));
      }
      lessons.add(StepBatch.lesson(rows, step.totals()));
    }
    return lessons;
  }

  /**
   * Whole tensors against {@code {l2, first8, cosine_sum}}; the last, the sum of entry i times
   * cos(i), sees every entry. All are compared relative to the tensor's norm: some entries are
   * nothing but rounding, those of gpt2's key biases among them, to which a softmax is blind. An
   * error of norm e moves the sum by at most e times the norm of the cosines (Cauchy and Schwarz).
   */
  private static void assertGradient(JsonNode expected, Map<String, float[]> actual) {
    JsonNode parameters = expected.path("parameters");
    assertEquals(parameters.size(), actual.size());
    double square = 0;
    for (Map.Entry<String, JsonNode> e : parameters.properties()) {
      float[] g = actual.get(e.getKey());
      double l2 = e.getValue().path("l2").doubleValue();
      assertTrue(l2 > 0, e.getKey());
      assertClose(e.getKey(), l2, StepFixture.Values.l2(g), 0, TOLERANCE);
      double[] first = Fixture.doubles(e.getValue().path("first8"));
      for (int i = 0; i < first.length; i++) {
        assertClose(e.getKey() + "[" + i + "]", first[i], g[i], TOLERANCE * l2, 0);
      }
      double sum = 0;
      double weights = 0;
      for (int i = 0; i < g.length; i++) {
        sum += g[i] * Math.cos(i);
        weights += Math.pow(Math.cos(i), 2);
      }
      double cosine = e.getValue().path("cosine_sum").doubleValue();
      assertClose(e.getKey() + " in all", cosine, sum, TOLERANCE * l2 * Math.sqrt(weights), 0);
      square += Math.pow(StepFixture.Values.l2(g), 2);
    }
    double whole = expected.path("global_l2").doubleValue();
    assertClose("norm", whole, Math.sqrt(square), 0, TOLERANCE);
  }

  @ParameterizedTest
  @CsvSource({"llama, SAM", "llama, RELEARN", "gpt2, SAM", "gpt2, RELEARN"})
  void theGradientIsThatOfTheReference(String family, Attack attack) {
    StepFixture fixture = new StepFixture(family);
    JsonNode numbers =
        fixture.fixture().json("robust.json").path(attack.spelling().toLowerCase(Locale.ROOT));
    try (RobustByHand plain = new RobustByHand(fixture, TrainingSteps.npo(fixture), 0);
        TrainingStep step = TrainingSteps.robust(fixture, settings(attack, numbers), 1)) {
      StepBatch batch = plain.batch();
      List<StepBatch> lessons = lessons(fixture, numbers, batch);
      Map<String, float[]> before = StepFixture.weights(step.graph());
      TrainingStep.Outcome seen =
          step.runCollated(1, step.collate(List.of(batch), lessons), 0, CONTROL);
      assertClose("forget", numbers.path("forget").asDouble(), seen.terms().get("forget"), 0, 1e-5);
      assertClose("retain", numbers.path("retain").asDouble(), seen.terms().get("retain"), 0, 1e-5);
      assertClose(
          "total", seen.terms().get("forget") + seen.terms().get("retain"), seen.total(), 0, 1e-6);
      JsonNode expected = numbers.path("gradient");
      assertClose("norm", expected.path("global_l2").asDouble(), seen.gradNorm(), 0, TOLERANCE);
      assertGradient(expected, TrainingSteps.gradient(step));
      assertSame(before, StepFixture.weights(step.graph()));

      // The same by hand from a graph that knows nothing of attacks, and every plausible mistake.
      Map<String, float[]> here = plain.weights();
      Map<String, float[]> there =
          attack == Attack.SAM
              ? plain.ascended(numbers.path("radius").asDouble(), false)
              : plain.relearnt(lessons, numbers.path("rate").asDouble());
      assertGradient(expected, plain.combined(there, here));
      Map<String, Map<String, float[]>> wrong = new LinkedHashMap<>();
      wrong.put("the other way", plain.combined(RobustByHand.mirrored(there, here), here));
      wrong.put("not moved", plain.combined(here, here));
      wrong.put("retain moved too", plain.combined(there, there));
      if (attack == Attack.SAM) {
        double radius = numbers.path("radius").asDouble();
        wrong.put("each parameter by radius", plain.combined(plain.ascended(radius, true), here));
      } else {
        double rate = numbers.path("rate").asDouble();
        wrong.put("one lesson", plain.combined(plain.relearnt(lessons.subList(0, 1), rate), here));
      }
      wrong.forEach(
          (what, g) ->
              assertThrows(AssertionFailedError.class, () -> assertGradient(expected, g), what));
    }
  }

  /**
   * An attack that goes on from step to step, where the weights stay as they are: the second step
   * is where the first and the second batch lead, the third begins anew.
   */
  @Test
  void anAttackGoesOnUntilItsCourseIsOver() {
    StepFixture fixture = new StepFixture("llama");
    JsonNode numbers = fixture.fixture().json("robust.json").path("relearn");
    RobustSettings settings =
        new RobustSettings(Attack.RELEARN, 1, 1, numbers.path("rate").asDouble(), 2);
    try (TrainingStep step = TrainingSteps.robust(fixture, settings, 1)) {
      StepBatch batch = fixture.batch(step.graph().objective());
      List<StepBatch> lessons = lessons(fixture, numbers, batch);
      List<Map<String, float[]>> gradients = new ArrayList<>();
      for (int t = 1; t <= 4; t++) {
        List<StepBatch> lesson = List.of(lessons.get((t - 1) % 2));
        step.reset();
        // Bias corrections differ, but moments that were reset do not read them.
        step.runCollated(t, step.collate(List.of(batch), lesson), 0, CONTROL);
        gradients.add(TrainingSteps.gradient(step));
      }
      JsonNode expected = numbers.path("gradient");
      assertGradient(expected, gradients.get(1));
      assertGradient(expected, gradients.get(3));
      TrainingSteps.assertNear(gradients.get(0), gradients.get(2), TOLERANCE);
      assertThrows(AssertionFailedError.class, () -> assertGradient(expected, gradients.get(0)));
    }
  }

  private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach((name, e) -> assertArrayEquals(e, actual.get(name), 0f, name));
  }

  /** The move by itself, and a step with it against the same by hand. */
  @Test
  void noiseIsAsLongAsTheRadiusAndDrawnFromTheSeed() {
    StepFixture fixture = new StepFixture("llama");
    RobustSettings noise = new RobustSettings(Attack.NOISE, 0.5, 1, 1, 1);
    Map<String, float[]> here;
    Map<String, float[]> there;
    try (StepGraph graph =
        new StepGraph(
            fixture.decoder(), TrainingSteps.npo(fixture).robustly(), Computations.FP32)) {
      Optimizer optimizer =
          new Optimizer(
              graph.runtime(),
              graph.variables(),
              graph.gradients(),
              OptimizerSettings.adamW(0, 0),
              Optimizer.Sums.CARRIED);
      WeightPerturbation moved =
          new WeightPerturbation(
              graph.runtime(), graph.variables(), optimizer.accumulated(), noise);
      fixture.assignPolicy(graph);
      here = StepFixture.weights(graph);
      moved.keep();
      moved.move(CONTROL.viewSeed());
      there = StepFixture.weights(graph);
      moved.restore();
      assertSame(here, StepFixture.weights(graph));
      moved.move(CONTROL.viewSeed());
      assertSame(there, StepFixture.weights(graph));
      moved.restore();
      moved.move(new StepControl.ViewSeed(5, 4, 0));
      Map<String, float[]> other = StepFixture.weights(graph);
      // 36 000 independent normals: the cosine of two directions has a deviation of 0.005.
      assertClose("another step's", 0, cosine(apart(there, here), apart(other, here)), 0.03, 0);
    }
    Map<String, double[]> direction = apart(there, here);
    assertClose("length", 0.5, Math.sqrt(dot(direction, direction)), 0, TOLERANCE);
    // Every parameter has noise of its own: 1024 entries, a deviation of 0.03.
    double[] first = direction.get("model.layers.0.self_attn.q_proj.weight");
    double[] second = direction.get("model.layers.0.self_attn.o_proj.weight");
    assertEquals(1024, first.length);
    assertClose("another parameter's", 0, cosine(Map.of("", first), Map.of("", second)), 0.15, 0);
    // And as much of it as its size: 1024 of N values have the share sqrt(1024 / N) of the length.
    long all = direction.values().stream().mapToLong(d -> d.length).sum();
    double share = Math.sqrt(dot(Map.of("", first), Map.of("", first))) / 0.5;
    assertClose("share", Math.sqrt(1024.0 / all), share, 0, 0.1);
    try (RobustByHand plain = new RobustByHand(fixture, TrainingSteps.npo(fixture), 0);
        TrainingStep step = TrainingSteps.robust(fixture, noise, 1)) {
      step.run(1, List.of(plain.batch()), 0, CONTROL);
      assertSame(here, StepFixture.weights(step.graph()));
      TrainingSteps.assertNear(
          plain.combined(there, here), TrainingSteps.gradient(step), TOLERANCE);
      Map<String, float[]> wrong = plain.combined(here, here);
      assertThrows(
          AssertionFailedError.class,
          () -> TrainingSteps.assertNear(wrong, TrainingSteps.gradient(step), TOLERANCE));
    }
  }

  private static Map<String, double[]> apart(Map<String, float[]> a, Map<String, float[]> b) {
    Map<String, double[]> apart = new HashMap<>();
    a.forEach(
        (name, values) -> {
          double[] d = new double[values.length];
          for (int i = 0; i < d.length; i++) {
            d[i] = (double) values[i] - b.get(name)[i];
          }
          apart.put(name, d);
        });
    return apart;
  }

  private static double cosine(Map<String, double[]> a, Map<String, double[]> b) {
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  }

  private static double dot(Map<String, double[]> a, Map<String, double[]> b) {
    double sum = 0;
    for (Map.Entry<String, double[]> e : a.entrySet()) {
      double[] other = b.get(e.getKey());
      for (int i = 0; i < other.length; i++) {
        sum += e.getValue()[i] * other[i];
      }
    }
    return sum;
  }

  /**
   * An attack that goes on over two steps of the training is, at a learning rate of 0, in the
   * second step where one of two lessons a step is in its first. The second step's gradient from
   * the first moments: g = (m2 - 0.9 m1) / 0.1.
   */
  @Test
  void anAttackGoesOnFromStepToStep() {
    StepFixture fixture = new StepFixture("llama");
    JsonNode numbers = fixture.fixture().json("robust.json").path("relearn");
    double rate = numbers.path("rate").asDouble();
    RobustSettings settings = new RobustSettings(Attack.RELEARN, 1, 1, rate, 2);
    try (TrainingStep step = TrainingSteps.robust(fixture, settings, 1)) {
      StepBatch batch = fixture.batch(step.graph().objective());
      List<StepBatch> lessons = lessons(fixture, numbers, batch);
      assertEquals(2, lessons.size(), "what the reference learned");
      Map<String, float[]> first = null;
      for (int t = 1; t <= 2; t++) {
        StepBatches fed = step.collate(List.of(batch), lessons.subList(t - 1, t));
        step.runCollated(t, fed, 0, CONTROL);
        first = t == 1 ? TrainingSteps.gradient(step) : first; // m1 / 0.1
      }
      Map<String, float[]> second = new LinkedHashMap<>();
      for (Map.Entry<String, float[]> e : TrainingSteps.gradient(step).entrySet()) { // m2 / 0.1
        float[] g = e.getValue().clone();
        for (int i = 0; i < g.length; i++) {
          g[i] -= 0.9f * first.get(e.getKey())[i];
        }
        second.put(e.getKey(), g);
      }
      assertGradient(numbers.path("gradient"), second);
      Map<String, float[]> anew = first;
      assertThrows(
          AssertionFailedError.class,
          () -> assertGradient(numbers.path("gradient"), anew),
          "one lesson alone");
      // Its third step begins anew: m3 = 0.9 m2 + 0.1 g3, and g3 is g1.
      Map<String, float[]> moments = TrainingSteps.gradient(step);
      step.runCollated(3, step.collate(List.of(batch), lessons.subList(0, 1)), 0, CONTROL);
      TrainingSteps.gradient(step)
          .forEach(
              (name, m) -> {
                for (int i = 0; i < m.length; i++) {
                  double expected = 0.9 * moments.get(name)[i] + anew.get(name)[i];
                  assertClose(name + "[" + i + "]", expected, m[i], 1e-5, 1e-5);
                }
              });
    }
  }

  /** Two settings that would leave the forget part out without a word. */
  @Test
  void whatAnAttackLacksIsSaid() {
    StepFixture fixture = new StepFixture("llama");
    RobustSettings relearn = new RobustSettings(Attack.RELEARN, 1, 2, 1e-3, 1);
    StepGraph plain =
        new StepGraph(fixture.decoder(), TrainingSteps.npo(fixture), Computations.FP32);
    assertThrows(
        IllegalArgumentException.class,
        () -> new TrainingStep(plain, OptimizerSettings.adamW(0, 0), 1, Optional.of(relearn)));
    try (TrainingStep step = TrainingSteps.robust(fixture, relearn, 1)) {
      StepBatch batch = fixture.batch(step.graph().objective());
      assertThrows(IllegalArgumentException.class, () -> step.run(1, List.of(batch), 0, CONTROL));
    }
  }
}
