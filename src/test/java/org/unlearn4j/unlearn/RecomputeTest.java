package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.tensorflow.GraphOperation;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;

/** A step that recomputes its blocks has the losses and gradients of one that keeps them. */
class RecomputeTest {
  /** The bound that was promised: sums of two parts may round otherwise, nothing else may. */
  private static final double RELATIVE = 1e-6;

  private static final String EVERYWHERE =
      "unlearn.clreg={weight: 0.5, layers: [embeddings, 0, last]}";
  private static final StepControl CONTROL =
      new StepControl(1, 0.5, new StepControl.ViewSeed(3, 1, 0));

  private static Objective objective(StepFixture step, String name, String... sets) {
    return Objectives.of(Pipeline.defaults(name, List.of(sets)).unlearn(), step.decoder());
  }

  private static StepFixture.Values run(
      StepFixture step, Objective objective, Precision precision, boolean recompute) {
    // Not rearranged either way: rounding would differ for another reason than the one looked for.
    Computation computation =
        Computation.of(precision, Device.CPU).recomputing(recompute).unarranged();
    return run(step, objective, CONTROL, computation);
  }

  private static StepFixture.Values run(
      StepFixture step, Objective objective, StepControl control, Computation computation) {
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(step.rows());
    rows.keySet().retainAll(objective.segments());
    StepBatch batch = StepBatch.whole(rows, step.referenceNll(objective));
    return step.run(objective, batch, control, computation);
  }

  private static void assertSame(StepFixture.Values kept, StepFixture.Values again) {
    assertClose("total", kept.total(), again.total(), 0, RELATIVE);
    assertEquals(kept.gradients().keySet(), again.gradients().keySet());
    assertFalse(kept.gradients().isEmpty());
    kept.gradients()
        .forEach(
            (name, g) -> {
              double[] difference = new double[g.length];
              for (int i = 0; i < g.length; i++) {
                difference[i] = again.gradients().get(name)[i] - g[i];
              }
              double apart = Math.sqrt(java.util.Arrays.stream(difference).map(d -> d * d).sum());
              assertClose(name, 0, apart, RELATIVE * StepFixture.Values.l2(g), 0);
            });
  }

  @ParameterizedTest
  @CsvSource({"llama, FP32", "gpt2, FP32", "llama, BF16"})
  void npoWithClRegAtSeveralLayers(String family, Precision precision) {
    StepFixture step = new StepFixture(family);
    Objective objective = objective(step, "NPO", EVERYWHERE);
    assertSame(run(step, objective, precision, false), run(step, objective, precision, true));
  }

  /** The layers above the one that RMU reads get no gradient, and none is computed for them. */
  @ParameterizedTest
  @CsvSource({"llama", "gpt2"})
  void rmuOnAMiddleLayerWithAFrozenTwin(String family) {
    StepFixture step = new StepFixture(family);
    Objective objective =
        objective(step, "RMU", "unlearn.objective.layer=1", "unlearn.objective.trainable=.*");
    StepFixture.Values kept = run(step, objective, Precision.FP32, false);
    assertSame(kept, run(step, objective, Precision.FP32, true));
    assertTrue(kept.gradients().keySet().stream().noneMatch(n -> n.contains(".2.")));
  }

  /** Only the block that RMU trains is computed again, and no block below it. */
  @Test
  void nothingIsRecomputedThatNoGradientNeeds() {
    StepFixture step = new StepFixture("llama");
    String one = "unlearn.objective.trainable=model\\.layers\\.1\\.mlp.*";
    Objective objective = objective(step, "RMU", "unlearn.objective.layer=1", one);
    assertSame(
        run(step, objective, Precision.FP32, false), run(step, objective, Precision.FP32, true));
    Computation recompute = Computations.FP32.recomputing(true);
    try (StepGraph graph = new StepGraph(step.decoder(), objective, recompute)) {
      assertEquals(1, scopes(graph, "recompute/model/layers.1/"));
      assertEquals(0, scopes(graph, "recompute/model/layers.0/"));
      assertEquals(0, scopes(graph, "recompute/model/layers.2/"));
    }
  }

  private static int scopes(StepGraph graph, String prefix) {
    for (Iterator<GraphOperation> it = graph.runtime().graph().operations(); it.hasNext(); ) {
      if (it.next().name().startsWith(prefix)) {
        return 1;
      }
    }
    return 0;
  }

  /** Dropout draws in the copy of a block what it drew in the block: seeds go by place. */
  @Test
  void droppedViewsAreDroppedAlikeTheSecondTime() {
    StepFixture step = new StepFixture("llama");
    Objective objective =
        objective(step, "NPO", "unlearn.clreg={weight: 0.5, view: dropout, layers: [0, last]}");
    step.rows().put(Segment.POSITIVE, step.rows().get(Segment.FORGET));
    StepFixture.Values kept = run(step, objective, Precision.FP32, false);
    assertSame(kept, run(step, objective, Precision.FP32, true));
    // Another seed is seen, so drawing anew would be.
    StepControl other = new StepControl(1, 0.5, new StepControl.ViewSeed(3, 2, 0));
    StepFixture.Values drawn = run(step, objective, other, Computations.FP32.recomputing(true));
    assertThrows(AssertionFailedError.class, () -> assertSame(kept, drawn));
  }

  @Tag("slow")
  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void everyFamily(String family) {
    StepFixture step = StepFixture.ofAnyFamily(family);
    for (String retain : List.of("NLL", "KL")) {
      Objective objective =
          objective(step, "NPO", EVERYWHERE, "unlearn.objective.retain=" + retain);
      assertSame(
          run(step, objective, Precision.FP32, false), run(step, objective, Precision.FP32, true));
    }
  }
}
