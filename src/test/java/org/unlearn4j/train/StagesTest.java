package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.unlearn4j.train.DividedSteps.assertSame;
import static org.unlearn4j.train.DividedSteps.batch;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Result;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.tf.Computation;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.Spread;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.StepBatch;

/** A model whose blocks are on several devices makes the steps that it makes on one. */
class StagesTest {
  private static final Computation TWO = Computations.FP32.on(Spread.cpus(Spread.Form.STAGES, 2));
  private static final Pattern BLOCK = Pattern.compile("layers\\.([0-9]+)/");

  private final DividedSteps steps = new DividedSteps("llama");

  /** Kept and computed again; a head of its own and the token table; a twin; adapters. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "unlearn.clreg={weight: 0.5, queue: 5} | false",
        "unlearn.objective.retain=KL           | true",
        "unlearn.adapter={rank: 2}             | false",
      })
  void theStepsOfOneDevice(String setting, boolean recompute) {
    Objective npo = steps.objective("NPO", setting);
    List<List<StepBatch>> two = List.of(List.of(batch(npo, 1, 4)), List.of(batch(npo, 2, 3)));
    assertSame(
        steps.run(npo, Computations.FP32.recomputing(recompute), two),
        steps.run(npo, TWO.recomputing(recompute), two));
  }

  /** Products, variables and updates of a block, counted in what TensorFlow says of a step. */
  @Test
  void aBlockIsOnOneDeviceWithItsGradientAndItsMoments() {
    Objective npo = steps.objective("NPO");
    Map<Integer, Map<String, Integer>> products = new HashMap<>();
    Map<String, Integer> updates = new HashMap<>();
    Map<String, String> variables = new HashMap<>();
    try (TrainingStep step = steps.step(npo, TWO, 1);
        Feeds feeds = new Feeds(step.graph().runtime())) {
      step.graph().feed(feeds, batch(npo, 1, 4), DividedSteps.CONTROL);
      step.optimizer().feed(feeds, 1, 1e-4, false);
      step.optimizer().update().forEach(feeds::target);
      try (Result result = step.graph().runtime().measured("step", feeds)) {
        for (GraphDef part : result.getMetadata().orElseThrow().getPartitionGraphsList()) {
          for (NodeDef node : part.getNodeList()) {
            String device = node.getDevice().replaceAll(".*/device:", "");
            count(products, variables, updates, node, device);
          }
        }
      }
    }
    int layers = steps.fixture.decoder().config().layers();
    assertEquals(layers, products.size());
    assertEquals(Map.of("CPU:0", products.get(0).get("CPU:0")), products.get(0));
    assertEquals(Map.of("CPU:1", products.get(layers - 1).get("CPU:1")), products.get(layers - 1));
    // Forward alone: q, k, v, o, gate, up, down, and scores and values of attention.
    assertTrue(products.get(layers - 1).get("CPU:1") >= 7, products.toString());
    assertEquals("CPU:0", variables.get("model.embed_tokens.weight"));
    assertEquals("CPU:1", variables.get("model.layers." + (layers - 1) + ".mlp.up_proj.weight"));
    assertEquals(
        "CPU:1", variables.get("adamw_v/model.layers." + (layers - 1) + ".mlp.up_proj.weight"));
    assertEquals(
        steps.fixture.decoder().parameters().size(), updates.get("CPU:0") + updates.get("CPU:1"));
  }

  private static void count(
      Map<Integer, Map<String, Integer>> products,
      Map<String, String> variables,
      Map<String, Integer> updates,
      NodeDef node,
      String device) {
    Matcher block = BLOCK.matcher(node.getName());
    if (node.getOp().contains("MatMul") && block.find()) {
      products
          .computeIfAbsent(Integer.parseInt(block.group(1)), b -> new HashMap<>())
          .merge(device, 1, Integer::sum);
    }
    if (node.getOp().equals("VarHandleOp")) {
      variables.put(node.getAttrOrThrow("shared_name").getS().toStringUtf8(), device);
    }
    if (node.getOp().equals("ResourceApplyAdam")) {
      updates.merge(device, 1, Integer::sum);
    }
  }
}
