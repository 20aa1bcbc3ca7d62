package org.unlearn4j.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.onnx.OrtSettings;

/** What a pipeline says of ONNX Runtime. */
class RuntimeModelsTest {
  private static Pipeline pipeline(String device, String provider) {
    return Pipeline.defaults(
        "NPO", List.of("model.device=" + device, "evaluate.provider=" + provider));
  }

  @Test
  void cudaTakesTheCardThatTheModelIsOn() {
    OrtSettings third = RuntimeModels.ort(pipeline("gpu:2", "cuda"));
    assertEquals(OrtSettings.Provider.CUDA, third.provider());
    assertEquals(2, third.card());
    assertEquals(2, third.forManyBatches().card());
    assertEquals(0, RuntimeModels.ort(pipeline("auto", "cuda")).card());
    assertEquals(0, RuntimeModels.ort(pipeline("cpu", "cuda")).card());
  }

  /** An evaluation that does not say so was computed with products of 10 bits. */
  @Test
  void verifyTakesNoEvaluationInAnotherArithmetic() {
    assertEquals(
        Map.of("provider", "cuda", "use_tf32", "0", "graph_optimization", "all"),
        new EvaluateStage(pipeline("gpu:1", "cuda")).session("onnx:int8"));
    assertEquals(
        Map.of("provider", "cpu", "graph_optimization", "all"),
        new EvaluateStage(pipeline("auto", "cpu")).session("onnx"));
  }
}
