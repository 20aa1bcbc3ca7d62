package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.config.CombineSettings;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.RobustSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Values;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepGraph;

/** Steps whose gradient is looked at. */
final class TrainingSteps {
  private TrainingSteps() {}

  /** NPO as the fixtures have it. */
  static Objective npo(StepFixture fixture) {
    return Objectives.of(
        Pipeline.defaults("NPO", List.of("unlearn.objective.beta=0.1")).unlearn(),
        fixture.decoder());
  }

  /** NPO at weights that an attack has moved, on the fixture's weights. */
  static TrainingStep robust(StepFixture fixture, RobustSettings settings, int accumulate) {
    return robust(fixture, npo(fixture), Computations.FP32, settings, accumulate);
  }

  /** The same of any objective; neither clipped nor decayed. */
  static TrainingStep robust(
      StepFixture fixture,
      Objective objective,
      Computation computation,
      RobustSettings settings,
      int accumulate) {
    StepGraph graph = new StepGraph(fixture.decoder(), objective.robustly(), computation);
    TrainingStep step =
        new TrainingStep(graph, OptimizerSettings.adamW(0, 0), accumulate, Optional.of(settings));
    fixture.assignPolicy(graph);
    step.reset();
    return step;
  }

  /** A step that combines gradients by a rule, attacked or not; neither clipped nor decayed. */
  static TrainingStep combined(
      StepFixture fixture,
      Objective objective,
      Computation computation,
      CombineSettings rule,
      Optional<RobustSettings> attack,
      int accumulate) {
    Objective combining = objective.combining(rule);
    StepGraph graph =
        new StepGraph(
            fixture.decoder(), attack.isPresent() ? combining.robustly() : combining, computation);
    TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0, 0), accumulate, attack);
    fixture.assignPolicy(graph);
    step.reset();
    return step;
  }

  /** The gradient of a step's first update, which its first moments are a tenth of. */
  static Map<String, float[]> gradient(TrainingStep step) {
    Map<String, float[]> gradient = new LinkedHashMap<>();
    try (Values values = step.optimizer().state().get(0).values()) {
      step.optimizer()
          .parameters()
          .forEach(
              p -> {
                float[] g = values.of(p).array();
                for (int i = 0; i < g.length; i++) {
                  g[i] = (float) (g[i] / (1 - AdamW.BETA1));
                }
                gradient.put(p.name(), g);
              });
    }
    return gradient;
  }

  /** Whole tensors: L2 norm of the difference over L2 norm. */
  static void assertNear(
      Map<String, float[]> expected, Map<String, float[]> actual, double relative) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach(
        (name, e) -> {
          float[] difference = actual.get(name).clone();
          for (int i = 0; i < e.length; i++) {
            difference[i] -= e[i];
          }
          double norm = StepFixture.Values.l2(e);
          assertClose(name, 0, StepFixture.Values.l2(difference) / norm, relative, 0);
        });
  }
}
