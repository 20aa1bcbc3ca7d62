package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.config.ObjectiveName;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.weights.SafeTensors;

/**
 * Every objective, with CLReg, on a mixture whose experts are all the same one: their weights add
 * up to 1, so it is Mistral with that MLP. Losses are equal, an MLP's gradient is the sum of its
 * experts', and the router has none.
 */
class MixtureObjectivesTest {
  private static final double LAMBDA = 0.1;

  /** Whole tensors: float32's 6e-8, by the root of some 1000 summands in another order. */
  private static final double REORDERED = 2e-6;

  private static final Map<String, String> EXPERT =
      Map.of("mlp.gate_proj", "w1", "mlp.up_proj", "w3", "mlp.down_proj", "w2");

  private final StepFixture fixture = StepFixture.ofAnyFamily("mixtral");

  /** With one that has a frozen twin; all of them take half a minute. */
  @Test
  void anMlpInEqualExpertsIsTheMlp() {
    check(ObjectiveName.UNDIAL);
  }

  @Tag("slow")
  @ParameterizedTest
  @EnumSource(ObjectiveName.class)
  void soItIsForEveryObjective(ObjectiveName name) {
    check(name);
  }

  private void check(ObjectiveName name) {
    ObjectNode json = fixture.decoder().config().json().deepCopy();
    Decoder mistral = Decoder.of(ModelConfig.of(json.put("model_type", "mistral")));
    StepFixture.Values dense = values(name, mistral, MixtureObjectivesTest::ofExpert);
    StepFixture.Values equal =
        values(name, fixture.decoder(), n -> n.replaceAll("experts\\.\\d+", "experts.0"));
    assertSame(dense, equal);
    StepFixture.Values own = values(name, fixture.decoder(), n -> n);
    assertThrows(AssertionFailedError.class, () -> assertSame(dense, own), "experts that differ");
  }

  /** The name of the first expert's matrix that is the MLP's. */
  private static String ofExpert(String name) {
    for (Map.Entry<String, String> e : EXPERT.entrySet()) {
      if (name.contains(e.getKey())) {
        return name.replace(e.getKey(), "block_sparse_moe.experts.0." + e.getValue());
      }
    }
    return name;
  }

  private static List<String> settings(ObjectiveName name) {
    List<String> all = new ArrayList<>(List.of("unlearn.clreg.weight=" + LAMBDA));
    switch (name) {
      case RMU -> all.add("unlearn.objective.layer=1");
      case CIRCUIT_BREAKER -> all.add("unlearn.objective.layers=[0, 1]");
      case PDU -> all.add("unlearn.objective.epsilon=1");
      default -> {
        // all keys have defaults
      }
    }
    return all;
  }

  private StepFixture.Values values(
      ObjectiveName name, Decoder decoder, UnaryOperator<String> stored) {
    Objective objective =
        Objectives.of(Pipeline.defaults(name.spelling(), settings(name)).unlearn(), decoder);
    Map<Segment, List<TokenRow>> rows = new EnumMap<>(fixture.rows());
    rows.put(Segment.ALTERNATE, fixture.rows().get(Segment.RETAIN));
    rows.keySet().retainAll(objective.segments());
    Map<Segment, double[]> reference = new EnumMap<>(Segment.class);
    objective.referenceNll().forEach(s -> reference.put(s, new double[] {55, 40, 20}));
    StepControl control = StepControl.of(objective, LAMBDA);
    try (StepGraph graph = new StepGraph(decoder, objective, Computations.FP32);
        SafeTensors weights = SafeTensors.open(Fixture.named("mixtral").folder())) {
      graph.variables().assign(p -> FloatBuffer.wrap(weights.floats(stored.apply(p.name()))));
      // A reference model that is another one, so that no divergence is 0.
      graph
          .frozen()
          .ifPresent(v -> v.assign(p -> scaled(weights.floats(stored.apply(p.name())), 1.05f)));
      return StepFixture.run(graph, StepBatch.whole(rows, reference), control);
    }
  }

  private static FloatBuffer scaled(float[] values, float by) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= by;
    }
    return FloatBuffer.wrap(values);
  }

  private static void assertSame(StepFixture.Values dense, StepFixture.Values mixture) {
    assertEquals(dense.terms().keySet(), mixture.terms().keySet());
    dense.terms().forEach((term, v) -> assertClose(term, v, mixture.terms().get(term), 1e-5, 1e-5));
    assertClose("total", dense.total(), mixture.total(), 1e-5, 1e-5);
    double norm = dense.gradNorm();
    assertTrue(norm > 1e-3, "nothing to learn: " + norm);
    Set<String> left = new HashSet<>(mixture.gradients().keySet());
    for (Map.Entry<String, float[]> e : dense.gradients().entrySet()) {
      double[] sum = summed(ofExpert(e.getKey()), mixture.gradients(), left);
      double apart = 0;
      for (int i = 0; i < sum.length; i++) {
        apart += Math.pow(sum[i] - e.getValue()[i], 2);
      }
      assertClose(e.getKey(), 0, Math.sqrt(apart), REORDERED * norm, 0);
    }
    for (String router : left) {
      assertTrue(router.endsWith("block_sparse_moe.gate.weight"), router);
      double l2 = StepFixture.Values.l2(mixture.gradients().get(router));
      assertClose(router, 0, l2, REORDERED * norm, 0);
    }
  }

  /** Of all experts, or of the parameter itself; both are taken out of {@code left}. */
  private static double[] summed(String name, Map<String, float[]> gradients, Set<String> left) {
    String all = Pattern.quote(name).replace("experts.0", "experts.\\E\\d+\\Q");
    Map<String, float[]> own = new HashMap<>(gradients);
    own.keySet().removeIf(n -> !n.matches(all));
    left.removeAll(own.keySet());
    double[] sum = new double[own.values().iterator().next().length];
    for (float[] g : own.values()) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += g[i];
      }
    }
    return sum;
  }
}
