package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Result;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.TfRuntime;
import org.unlearn4j.tf.TfTensors;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;
import org.unlearn4j.weights.SafeTensors;

/** NPO with CLReg on every family: gradients that are right, and a loss that falls. */
class EveryFamilyTrainsTest {
  private static final Set<String> MIXTURES = Set.of("gpt_oss", "mixtral", "qwen3_moe");

  private static final StepControl PLAIN = new StepControl(1, 0, new StepControl.ViewSeed(0, 0, 0));
  private static final StepControl CONTROL =
      new StepControl(1, 0.1, new StepControl.ViewSeed(0, 0, 0));

  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void gradientsAreRightAndTheLossFalls(String name) {
    StepFixture fixture = StepFixture.ofAnyFamily(name);
    Decoder decoder = fixture.decoder();
    UnlearnSettings unlearn =
        Pipeline.defaults("NPO", List.of("unlearn.clreg.weight=" + CONTROL.lambda())).unlearn();
    Objective objective = Objectives.of(unlearn, decoder);
    StepGraph graph = new StepGraph(decoder, objective, Computations.FP32);
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 1);
        SafeTensors weights = SafeTensors.open(fixture.referenceFile())) {
      WeightSource policy = TfRuntime.checkpoint(weights, decoder.parameters());
      Function<Parameter, float[]> stored = p -> weights.floats(p.name());
      StepBatch batch = fixture.batch(objective);
      graph.variables().assign(policy);
      Gradients whole = gradients(graph, batch, CONTROL);
      everyParameterHasOne(graph, whole);
      slopeAlongTheGradient(graph, batch, stored);
      graph.variables().assign(policy);
      step.reset();
      List<Double> totals = new ArrayList<>();
      for (int t = 1; t <= 6; t++) {
        totals.add(step.run(t, List.of(batch), 3e-3, CONTROL).total());
      }
      assertClose("total of the first step", whole.total(), totals.get(0), 0, 1e-6);
      for (int t = 1; t < totals.size(); t++) {
        assertTrue(totals.get(t) < totals.get(t - 1), "totals " + totals);
      }
    }
  }

  private record Gradients(double total, Map<Parameter, float[]> of) {
    double norm() {
      double square = 0;
      for (float[] g : of.values()) {
        square += Math.pow(l2(g), 2);
      }
      return Math.sqrt(square);
    }
  }

  private static Gradients gradients(StepGraph graph, StepBatch batch, StepControl control) {
    try (Feeds feeds = new Feeds(graph.runtime())) {
      graph.feed(feeds, batch, control);
      feeds.fetch(graph.total());
      graph.gradients().values().forEach(feeds::fetch);
      try (Result result = graph.runtime().run("step", feeds)) {
        Map<Parameter, float[]> gradients = new HashMap<>();
        int at = 1;
        for (Parameter p : graph.gradients().keySet()) {
          gradients.put(p, TfTensors.floats(result, at++));
        }
        return new Gradients(TfTensors.floats(result, 0)[0], gradients);
      }
    }
  }

  private static void everyParameterHasOne(StepGraph graph, Gradients gradients) {
    assertEquals(new HashSet<>(graph.decoder().parameters()), gradients.of().keySet());
    gradients
        .of()
        .forEach(
            (p, g) -> {
              for (int i = 0; i < g.length; i++) {
                assertTrue(Float.isFinite(g[i]), p.name() + "[" + i + "]: " + g[i]);
              }
              double l2 = l2(g);
              assertTrue(l2 > 1e-6, p.name() + " has no gradient: " + l2);
            });
  }

  /**
   * Without CLReg, whose stop-gradient is no derivative: along the unit gradient the total rises by
   * its norm a unit. The central difference is off by the third derivative times h^2 and by float32
   * rounding of the total (about 1e-6) over h: 1 % covers both at h = 2e-3. For a mixture of
   * experts h is 1e-4, where no token changes its expert on the way.
   */
  private static void slopeAlongTheGradient(
      StepGraph graph, StepBatch batch, Function<Parameter, float[]> stored) {
    Gradients at = gradients(graph, batch, PLAIN);
    boolean mixture = MIXTURES.contains(graph.decoder().config().modelType());
    double h = mixture ? 1e-4 : 2e-3;
    double[] totals = new double[2];
    for (int side = 0; side < 2; side++) {
      double step = (side == 0 ? -h : h) / at.norm();
      graph.variables().assign(p -> moved(stored.apply(p), at.of().get(p), step));
      totals[side] = gradients(graph, batch, PLAIN).total();
    }
    assertClose("slope along the gradient", at.norm(), (totals[1] - totals[0]) / (2 * h), 0, 0.01);
  }

  private static FloatBuffer moved(float[] values, float[] direction, double step) {
    float[] result = new float[values.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) (values[i] + step * direction[i]);
    }
    return FloatBuffer.wrap(result);
  }

  private static double l2(float[] values) {
    double square = 0;
    for (float v : values) {
      square += (double) v * v;
    }
    return Math.sqrt(square);
  }
}
