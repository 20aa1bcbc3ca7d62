package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.fixtures.Close.assertClose;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ObjectiveName;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Precision;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.Saliency;
import org.unlearn4j.unlearn.Segment;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/** The search for salient modules, and a training of those alone. */
class SaliencyPassTest {
  private static final String BLOCK0 = "model.layers.0.self_attn.";

  /** By root mean square, a tenth of the 27,648 weights: 512 + 512 + 1024 are short of 2765. */
  private static final Set<String> TENTH =
      Set.of(
          BLOCK0 + "v_proj.weight",
          BLOCK0 + "k_proj.weight",
          BLOCK0 + "o_proj.weight",
          BLOCK0 + "q_proj.weight");

  private final StepFixture fixture = new StepFixture("llama");

  private Objective objective(String name, String... sets) {
    return Objectives.of(Pipeline.defaults(name, Arrays.asList(sets)).unlearn(), fixture.decoder());
  }

  private Saliency search(Objective objective, int batchSize) {
    try (SaliencyPass pass = SaliencyPass.open(fixture.decoder(), objective, Computations.FP32)) {
      fixture.assignPolicy(pass.graph());
      return search(pass, fixture.rows().get(Segment.FORGET), batchSize);
    }
  }

  private Saliency search(SaliencyPass pass, List<TokenRow> forget, int batchSize) {
    TrainingData data =
        new TrainingData(
            forget,
            fixture.rows().get(Segment.RETAIN),
            fixture.rows().get(Segment.ALTERNATE),
            fixture.referenceNll(pass.graph().objective()));
    List<Integer> told = new ArrayList<>();
    Saliency found =
        pass.run(
            data,
            batchSize,
            (done, total) -> {
              assertEquals(forget.size(), total);
              told.add(done);
            });
    assertEquals(forget.size(), told.get(told.size() - 1));
    assertEquals((forget.size() + batchSize - 1) / batchSize, told.size());
    return found;
  }

  private static Set<String> names(List<Saliency.Module> modules) {
    return modules.stream().map(Saliency.Module::name).collect(Collectors.toSet());
  }

  /** L2 norms of the gradient of the mean negative log-likelihood over the three forget rows. */
  private Map<String, Double> expectedNorms() {
    JsonNode norms =
        fixture
            .fixture()
            .json("losses.json")
            .path("methods")
            .path("GradAscent")
            .path("gradient")
            .path("l2_of_every_parameter");
    Map<String, Double> expected = new HashMap<>();
    fixture
        .decoder()
        .blockMatrices()
        .forEach(p -> expected.put(p.name(), norms.path(p.name()).doubleValue()));
    return expected;
  }

  /**
   * Three rows in micro-batches of two: the gradient of the whole set, in float32 sums (5e-5, as
   * for all gradients of the fixtures). A mean over micro-batches would be far off. Then, as a
   * control, the same with what shall be kept, which chooses otherwise.
   */
  @Test
  void saliencyIsThatOfTheFixturesGradientsAndTheRetainSetChoosesOtherwise() {
    List<TokenRow> rows = fixture.rows().get(Segment.FORGET);
    assertEquals(3, rows.size());
    Saliency forget;
    Saliency retain;
    try (SaliencyPass pass =
        SaliencyPass.open(fixture.decoder(), objective("GradAscent"), Computations.FP32)) {
      fixture.assignPolicy(pass.graph());
      retain = search(pass, fixture.rows().get(Segment.RETAIN), 3);
      forget = search(pass, rows, 2);
    }
    Map<String, Double> norms = expectedNorms();
    assertEquals(norms.keySet(), names(forget.modules()));
    for (Saliency.Module m : forget.modules()) {
      double l2 = norms.get(m.name());
      assertTrue(l2 > 0, m.name());
      assertClose(m.name(), l2 / Math.sqrt((double) m.weights()), m.value(), 0, 5e-5);
    }
    assertEquals(27_648, forget.weights());
    assertEquals(TENTH, names(forget.most(0.1)));
    // The plausible mistake, norms that grow with a matrix's size, would take an MLP's matrix.
    List<String> byNorm =
        norms.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .map(Map.Entry::getKey)
            .toList();
    assertEquals("model.layers.0.mlp.down_proj.weight", byNorm.get(3));
    assertNotEquals(names(forget.most(0.3)), names(retain.most(0.3)));
  }

  /** What the forget loss reads besides: alternate answers, likelihoods before, a frozen twin. */
  @ParameterizedTest
  @EnumSource(names = {"DPO", "UNDIAL", "RMU"})
  void whateverAForgetLossReads(ObjectiveName name) {
    hasASaliency(name);
  }

  @Tag("slow")
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"DPO", "UNDIAL", "RMU"})
  void everyOtherObjective(ObjectiveName name) {
    hasASaliency(name);
  }

  private void hasASaliency(ObjectiveName name) {
    String[] sets =
        switch (name) {
          case RMU -> new String[] {"unlearn.objective.layer=1"};
          case CIRCUIT_BREAKER -> new String[] {"unlearn.objective.layers=1"};
          case PDU -> new String[] {"unlearn.objective.epsilon=1"};
          default -> new String[0];
        };
    Saliency found = search(objective(name.spelling(), sets), 2);
    List<Saliency.Module> tenth = found.most(0.1);
    assertTrue(tenth.size() < found.modules().size(), found.toString());
    assertTrue(tenth.get(0).value() > 0);
    if (name == ObjectiveName.RMU || name == ObjectiveName.CIRCUIT_BREAKER) {
      // Blocks above the layer that is steered do not learn anything from it.
      assertEquals(14, found.modules().size());
      assertTrue(found.modules().stream().noneMatch(m -> m.name().contains(".2.")));
    } else {
      assertEquals(21, found.modules().size());
    }
  }

  @Test
  void aForgetLossThatReachesNoModuleIsAMistake() {
    Objective unreached =
        objective(
            "RMU", "unlearn.objective.layer=0", "unlearn.objective.trainable=model[.]layers[.]2.*");
    UserException e = assertThrows(UserException.class, () -> search(unreached, 2));
    assertTrue(e.getMessage().startsWith("unlearn.salient_share: found less than 1 for a forget"));
    assertTrue(e.getMessage().endsWith("at or below unlearn.objective.layer."), e.getMessage());
  }

  /** Everything that a step can be besides: what was chosen moves, everything else stays. */
  @Test
  void chosenModulesMoveAndNothingElseDoes() {
    Objective whole =
        objective(
            "NPO",
            "unlearn.clreg={weight: 0.5, layers: [0, last]}",
            "unlearn.quantization_aware=int4",
            "unlearn.quantization_share=1");
    Computation computation = new Computation(Precision.BF16, Device.CPU, true);
    int micro = 2;
    Set<String> chosen = Set.of(BLOCK0 + "v_proj.weight", "model.layers.1.mlp.up_proj.weight");
    Objective objective = whole.training(chosen);
    StepGraph graph = new StepGraph(fixture.decoder(), objective, computation);
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0.1, 1), micro)) {
      fixture.assignPolicy(graph);
      step.reset();
      assertEquals(
          chosen,
          step.optimizer().state().get(0).parameters().stream()
              .map(Parameter::name)
              .collect(Collectors.toSet()));
      Map<String, float[]> before = values(graph);
      StepBatch batch = fixture.batch(objective);
      for (int t = 1; t <= 2; t++) {
        List<StepBatch> batches = Collections.nCopies(micro, batch);
        assertTrue(step.run(t, batches, 1e-2, StepControl.of(objective, 0.5)).gradNorm() > 1e-3);
      }
      values(graph)
          .forEach(
              (name, after) -> {
                if (chosen.contains(name)) {
                  assertFalse(Arrays.equals(before.get(name), after), name + " did not move");
                } else {
                  assertArrayEquals(before.get(name), after, 0f, name);
                }
              });
    }
    long weights =
        fixture.decoder().parameters().stream()
            .filter(objective::trains)
            .mapToLong(Parameter::size)
            .sum();
    MemoryPlan plan =
        MemoryPlan.of(
            fixture.decoder(),
            objective,
            computation,
            true,
            MemoryPlan.Batch.of(objective, 2, 8, 4));
    assertEquals(List.of(8 * weights, 4 * weights), List.of(plan.moments(), plan.accumulators()));
  }

  private Map<String, float[]> values(StepGraph graph) {
    return StepFixture.weights(graph);
  }
}
