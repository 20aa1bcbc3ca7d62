package org.unlearn4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.unlearn4j.config.VerifyLimit;
import org.unlearn4j.eval.EvaluationResult;
import org.unlearn4j.weights.Variant;

class FluentTest {
  private static final EvaluationResult SAID =
      ParityCheckTest.evaluation(
          "onnx:int8", Map.of("fluency_refusals", 0.03, "fluency_repetition", 0.1), "one");

  private static List<Gate> gates(Map<VerifyLimit, Double> limits) {
    return Fluent.gates(SAID, ParityGates.of(Variant.INT8, limits));
  }

  private static List<String> failed(Map<VerifyLimit, Double> limits) {
    return gates(limits).stream().filter(g -> !g.pass()).map(Gate::name).toList();
  }

  @Test
  void whatHasALimitIsJudged() {
    assertEquals(List.of(), gates(Map.of()), "shown, not judged");
    Map<VerifyLimit, Double> kind =
        Map.of(VerifyLimit.REFUSALS_MAX, 0.03, VerifyLimit.REPETITION_MAX, 0.2);
    assertEquals(2, gates(kind).size());
    assertEquals(List.of(), failed(kind));
    assertEquals(List.of("fluency_refusals"), failed(Map.of(VerifyLimit.REFUSALS_MAX, 0.029)));
    assertEquals(List.of("fluency_repetition"), failed(Map.of(VerifyLimit.REPETITION_MAX, 0.0)));
    assertEquals(
        List.of("fluency_perplexity"),
        failed(Map.of(VerifyLimit.PERPLEXITY_MAX, 1e9)),
        "what was not measured holds no limit");
  }

  @Test
  void namesAreReadBack() {
    for (Gate gate : gates(Map.of(VerifyLimit.REFUSALS_MAX, 1.0))) {
      assertInstanceOf(GateSubject.Text.class, GateSubject.of(gate.level(), gate.name()));
    }
    assertInstanceOf(
        GateSubject.Whole.class, GateSubject.of(Gate.Level.BEHAVIOUR, "identical_generations"));
  }
}
