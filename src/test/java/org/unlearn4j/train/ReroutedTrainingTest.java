package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * A training begins as its own reference: there every cosine is 1, where it has no slope. Rounding,
 * which Adam makes a whole step of, takes the model off that point.
 */
class ReroutedTrainingTest {
  private static final int STEPS = 40;

  private final StepFixture fixture = new StepFixture("llama");

  @Test
  void aModelThatIsItsOwnReferenceGetsAway() {
    Objective objective =
        Objectives.of(
            Pipeline.defaults("CircuitBreaker", List.of("unlearn.objective.layers=1")).unlearn(),
            fixture.decoder());
    StepBatch batch = fixture.batch(objective);
    List<Double> forget = new ArrayList<>();
    double retain = 0;
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32);
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0, 1), 1)) {
      fixture.assignPolicy(graph);
      Map<String, float[]> own = StepFixture.weights(graph);
      graph.frozen().orElseThrow().assign(p -> FloatBuffer.wrap(own.get(p.name())));
      step.reset();
      StepControl control = StepControl.of(objective, 0);
      for (int i = 1; i <= STEPS; i++) {
        TrainingStep.Outcome outcome = step.run(i, List.of(batch), 2e-3, control);
        forget.add(outcome.terms().get("forget"));
        retain = outcome.terms().get("retain");
      }
    }
    assertClose("every cosine at the start", 1, forget.get(0), 1e-5, 0);
    double last = forget.get(STEPS - 1);
    assertTrue(last < 0.5, "turned by 60 degrees at least: " + forget);
    assertTrue(retain < 1, "retain rows are held: " + retain);
  }
}
