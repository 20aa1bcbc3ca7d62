package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.config.UnlearnSettings;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;

/** A step graph holds what its terms read and nothing else. */
class ObjectiveGraphsTest {
  private final StepFixture fixture = new StepFixture("llama");

  private List<String> operations(String objective, String... sets) {
    UnlearnSettings settings = Pipeline.defaults(objective, List.of(sets)).unlearn();
    List<String> names = new ArrayList<>();
    try (StepGraph graph =
        new StepGraph(
            fixture.decoder(), Objectives.of(settings, fixture.decoder()), Computations.FP32)) {
      assertEquals(
          names(graph, "VarHandleOp").stream().anyMatch(n -> n.startsWith("reference/")),
          graph.frozen().isPresent());
      names.addAll(names(graph, ""));
    }
    return names;
  }

  private static List<String> names(StepGraph graph, String type) {
    List<String> names = new ArrayList<>();
    graph
        .runtime()
        .graph()
        .operations()
        .forEachRemaining(
            op -> {
              if (type.isEmpty() || op.type().equals(type)) {
                names.add(op.name());
              }
            });
    return names;
  }

  private static boolean any(List<String> names, String prefix) {
    return names.stream().anyMatch(n -> n.startsWith(prefix));
  }

  @ParameterizedTest
  @CsvSource({
    "GradAscent, x=x, false",
    "GradDiff, x=x, false",
    "NPO, x=x, false",
    "SimNPO, x=x, false",
    "DPO, x=x, false",
    "CEU, x=x, false",
    "WGA, x=x, false",
    "SatImp, x=x, false",
    "IHL, x=x, false",
    "FLAT, x=x, false",
    "AltPO, x=x, false",
    "PDU, epsilon=1, false",
    "UNDIAL, x=x, true",
    "RMU, layer=1, true",
    "NPO, retain=KL, true",
    "RMU, '{layer: 1, retain: none}', false",
    "RMU, '{layer: 1, retain: none, adaptive: true}', true",
    "CircuitBreaker, layers=1, true",
    "CircuitBreaker, '{layers: 1, retain: none}', true",
    "PDU, '{epsilon: 1, retain: KL}', true"
  })
  void aFrozenTwinOnlyForTermsThatReadIt(String objective, String set, boolean twin) {
    List<String> names = operations(objective, sets(objective, set));
    assertEquals(twin, any(names, "reference/"), "operations of a twin");
    assertTrue(any(names, "model/"), "the control: the model itself is found by its prefix");
  }

  private static String[] sets(String objective, String set) {
    if (set.equals("x=x")) {
      return new String[0];
    }
    return new String[] {
      set.startsWith("{")
          ? "unlearn.objective=" + set.replace("{", "{name: " + objective + ", ")
          : "unlearn.objective." + set
    };
  }

  /** RMU reads activations alone: no head over any vocabulary is in its graph. */
  @ParameterizedTest
  @CsvSource({"RMU, layer=1, false", "CircuitBreaker, layers=1, false", "NPO, gamma=1, true"})
  void aHeadOnlyForTermsThatScore(String objective, String set, boolean head) {
    assertEquals(head, any(operations(objective, sets(objective, set)), "labelled/"));
  }

  /** With retain weight 0 the retain rows are not in the batch. */
  @ParameterizedTest
  @CsvSource({"UNDIAL, beta=10, false", "UNDIAL, alpha=1, true"})
  void noRetainRowsWithoutRetainLoss(String objective, String set, boolean retain) {
    assertEquals(retain, any(operations(objective, sets(objective, set)), "inputs/retain/"));
    assertFalse(any(operations(objective, sets(objective, set)), "inputs/positive/"));
  }
}
