package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Result;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.RunMetadata;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.config.OptimizerSettings;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.StepFixture;
import org.unlearn4j.tf.Device;
import org.unlearn4j.tf.Feeds;
import org.unlearn4j.tf.Placement;
import org.unlearn4j.unlearn.Objective;
import org.unlearn4j.unlearn.Objectives;
import org.unlearn4j.unlearn.StepBatch;
import org.unlearn4j.unlearn.StepControl;
import org.unlearn4j.unlearn.StepGraph;

/**
 * That a real training step is looked at for where it ran, and what {@code --verbose} says then.
 */
class StepPlacementTest {
  private static final String BOUND = " operations on variables and matrix products, all on ";

  private final StepFixture fixture = new StepFixture("llama");
  private final Objective objective =
      Objectives.of(Pipeline.defaults("NPO", List.of()).unlearn(), fixture.decoder());
  private final StepBatch batch = fixture.batch(objective);
  private final StepControl control = StepControl.of(objective, 0);
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final PrintStream err = System.err;

  @BeforeEach
  void listen() {
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    System.setProperty("unlearn4j.verbose", "true");
  }

  @AfterEach
  void quiet() {
    System.clearProperty("unlearn4j.verbose");
    System.setErr(err);
  }

  private List<String> said(String what) {
    return said.toString(StandardCharsets.UTF_8)
        .lines()
        .filter(l -> l.startsWith(what + ": "))
        .toList();
  }

  /** Two steps of two micro-batches each: every kind of run is told of once. */
  @Test
  void aTrainingStepGoesThroughTheCheck() {
    StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32);
    try (TrainingStep step = new TrainingStep(graph, OptimizerSettings.adamW(0.01, 1), 2)) {
      fixture.assignPolicy(graph);
      step.reset();
      for (int t = 1; t <= 2; t++) {
        step.run(t, List.of(batch, batch), 1e-3, control);
      }
    }
    for (String what :
        List.of(
            "assignment of parameters",
            "assignment of adamw_m, adamw_v, accumulated",
            "micro-batch",
            "training step")) {
      assertEquals(1, said(what).size(), what + " in " + said.toString(StandardCharsets.UTF_8));
      String line = said(what).get(0);
      assertTrue(line.endsWith(BOUND + "/device:CPU:0; on the host: nothing"), line);
      if (what.equals("training step") || what.endsWith("accumulated")) {
        // A handle and a read of each parameter, handles of both moments, the update; or, to zero
        // three sets, a handle and an assignment of each.
        int least = (what.equals("training step") ? 5 : 6) * fixture.decoder().parameters().size();
        int counted = Integer.parseInt(line.replaceAll("^[^:]*: ([0-9]+) .*", "$1"));
        assertTrue(counted >= least, line + " of at least " + least);
      }
    }
  }

  /**
   * What TensorFlow tells of a real step, told as a machine with a GPU would: variables and
   * products on the card, everything else on the host.
   */
  @Test
  void whatAStepLeavesOnTheHostIsListed() {
    RunMetadata step = step();
    Map<String, Integer> left = new TreeMap<>();
    nodes(step).stream()
        .filter(n -> !mustBeThere(n.getOp()))
        .forEach(n -> left.merge(n.getOp(), 1, Integer::sum));
    assertTrue(left.containsKey("Reshape") && left.containsKey("Sum"), left.toString());
    Placement.require("training step", moved(step, n -> mustBeThere(n.getOp())), new Device(0));
    String line = said("training step").get(0);
    assertTrue(line.endsWith(BOUND + "/device:GPU:0; on the host: " + left), line);
    // One product of the backward pass that is on the host is an error.
    String product =
        nodes(step).stream()
            .filter(n -> n.getOp().contains("MatMul") && n.getName().startsWith("gradients"))
            .findFirst()
            .orElseThrow()
            .getName();
    RunMetadata one = moved(step, n -> mustBeThere(n.getOp()) && !n.getName().equals(product));
    MachineException e =
        assertThrows(
            MachineException.class, () -> Placement.require("training step", one, new Device(0)));
    assertTrue(e.getMessage().startsWith("training step: " + product + " ("), e.getMessage());
  }

  private RunMetadata step() {
    try (StepGraph graph = new StepGraph(fixture.decoder(), objective, Computations.FP32)) {
      fixture.assignPolicy(graph);
      try (Feeds feeds = new Feeds(graph.runtime())) {
        graph.feed(feeds, batch, control);
        feeds.fetch(graph.total());
        graph.gradients().values().forEach(feeds::fetch);
        try (Result result = graph.runtime().measured("step", feeds)) {
          return result.getMetadata().orElseThrow();
        }
      }
    }
  }

  private static boolean mustBeThere(String op) {
    return op.contains("MatMul") || op.contains("VariableOp") || op.equals("VarHandleOp");
  }

  private static List<NodeDef> nodes(RunMetadata run) {
    return run.getPartitionGraphsList().stream().flatMap(g -> g.getNodeList().stream()).toList();
  }

  private static RunMetadata moved(RunMetadata run, Predicate<NodeDef> onTheCard) {
    GraphDef.Builder all = GraphDef.newBuilder();
    for (NodeDef n : nodes(run)) {
      String device = onTheCard.test(n) ? "GPU" : "CPU";
      all.addNode(
          n.toBuilder().setDevice("/job:localhost/replica:0/task:0/device:" + device + ":0"));
    }
    return RunMetadata.newBuilder().addPartitionGraphs(all).build();
  }
}
