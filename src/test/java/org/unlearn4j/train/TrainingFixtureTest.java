package org.unlearn4j.train;

import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.unlearn.ClReg;
import org.unlearn4j.unlearn.FeatureLayer;
import org.unlearn4j.unlearn.Features;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * Five steps of NPO with CLReg against a float64 trajectory: schedule, clipping, decay, moments.
 */
class TrainingFixtureTest {

  @ParameterizedTest
  @ValueSource(strings = {"main", "plain"})
  void followsTheReferenceTrajectory(String name) {
    StepFixture fixture = new StepFixture("llama");
    JsonNode run = fixture.fixture().json("training.json").path("runs").path(name);
    ClReg clReg =
        new ClReg(
            Features.of(new FeatureLayer(run.path("clreg_layer").intValue())),
            run.path("clreg_tau").doubleValue());
    Objective objective =
        Objectives.of(
                Pipeline.defaults(
                        "NPO", List.of("unlearn.objective.beta=" + run.path("npo_beta").asText()))
                    .unlearn(),
                fixture.decoder())
            .with(clReg);
    StepBatch batch = fixture.batch(objective);
    double clip = run.path("max_grad_norm").asDouble(0);
    OptimizerSettings settings =
        OptimizerSettings.adamW(run.path("weight_decay").doubleValue(), clip);
    StepControl control = StepControl.of(objective, run.path("clreg_weight").doubleValue());
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32);
    try (TrainingStep step = new TrainingStep(graph, settings, 1)) {
      fixture.assignPolicy(graph);
      step.reset();
      for (JsonNode expected : run.path("steps")) {
        int t = expected.path("step").intValue();
        TrainingStep.Outcome outcome =
            step.run(t + 1, List.of(batch), expected.path("lr").doubleValue(), control);
        check("step " + t, expected, outcome);
        assertClose(
            "gradient norm, step " + t,
            expected.path("grad_norm_before_clip").doubleValue(),
            outcome.gradNorm(),
            0,
            5e-5);
      }
      checkWeights(run, graph);
      // Learning rate 0 moves nothing but shows the losses after the last update.
      check(
          "after the last step",
          run.path("after_last_step"),
          step.run(6, List.of(batch), 0, control));
    }
  }

  private static void check(String when, JsonNode expected, TrainingStep.Outcome outcome) {
    Map<String, Double> terms = outcome.terms();
    assertClose("npo, " + when, expected.path("npo").doubleValue(), terms.get("forget"), 0, 5e-5);
    assertClose(
        "retain, " + when, expected.path("retain").doubleValue(), terms.get("retain"), 0, 5e-5);
    assertClose(
        "clreg, " + when, expected.path("clreg").doubleValue(), terms.get("clreg"), 0, 5e-5);
    assertClose("total, " + when, expected.path("total").doubleValue(), outcome.total(), 0, 5e-5);
  }

  private static void checkWeights(JsonNode run, StepGraph graph) {
    Map<String, float[]> weights = StepFixture.weights(graph);
    for (Parameter p : graph.decoder().parameters()) {
      float[] value = weights.get(p.name());
      JsonNode expected = run.path("final_parameters").path(p.name());
      if (!expected.isMissingNode()) {
        StepFixture.assertParameter(
            p.name(), expected, java.nio.FloatBuffer.wrap(value), 5e-5, 1e-5);
      }
      assertClose(
          p.name() + " l2",
          run.path("final_l2_of_every_parameter").path(p.name()).doubleValue(),
          StepFixture.Values.l2(value),
          0,
          5e-5);
    }
  }
}
