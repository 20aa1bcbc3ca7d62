package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.Result;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.RunMetadata;
import org.tensorflow.types.TFloat32;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.lm.TokenRow;

/** Variables and matrix products are where they were asked for, or the run says which is not. */
class PlacementTest {
  private static final String HOST = "/job:localhost/replica:0/task:0/device:CPU:0";
  private static final String CARD = "/job:localhost/replica:0/task:0/device:GPU:0";
  private static final Device GPU = new Device(0);

  private static NodeDef node(String name, String op, String device) {
    return NodeDef.newBuilder().setName(name).setOp(op).setDevice(device).build();
  }

  /** A run on a GPU as TensorFlow describes one: a graph a device. */
  private static RunMetadata run(NodeDef... more) {
    List<NodeDef> nodes =
        new ArrayList<>(
            List.of(
                node("w", "VarHandleOp", CARD),
                node("w/read", "ReadVariableOp", CARD),
                node("q_proj/MatMul", "MatMul", CARD),
                node("attention/BatchMatMul", "BatchMatMulV3", CARD),
                node("adamw/update", "ResourceApplyAdam", CARD),
                node("shape", "Shape", HOST)));
    nodes.addAll(List.of(more));
    RunMetadata.Builder run = RunMetadata.newBuilder();
    for (String device : List.of(CARD, HOST)) {
      GraphDef.Builder part = GraphDef.newBuilder();
      nodes.stream().filter(n -> n.getDevice().equals(device)).forEach(part::addNode);
      run.addPartitionGraphs(part);
    }
    return run.build();
  }

  private static String refused(RunMetadata run, Device device) {
    return assertThrows(
            MachineException.class, () -> Placement.require("training step", run, device))
        .getMessage();
  }

  @Test
  void whatIsLeftOnTheHostMayBeOfAnyOtherKind() {
    assertDoesNotThrow(() -> Placement.require("training step", run(), GPU));
  }

  /** The mistake that this is for: everything runs, and one product runs on the host. */
  @Test
  void oneProductOnTheHostIsNamed() {
    assertEquals(
        "training step: gradients/MatMul_7 (MatMul) was computed on "
            + HOST
            + ", expected /device:GPU:0.",
        refused(run(node("gradients/MatMul_7", "MatMul", HOST)), GPU));
    for (String op :
        List.of(
            "_FusedMatMul",
            "_MklMatMul",
            "BatchMatMulV2",
            "ReadVariableOp",
            "AssignSubVariableOp",
            "ResourceApplyAdam",
            "VarHandleOp")) {
      assertTrue(refused(run(node("n", op, HOST)), GPU).contains("n (" + op + ")"), op);
    }
  }

  @Test
  void aRunWithoutAnyProductProvesNothing() {
    RunMetadata empty = RunMetadata.newBuilder().addPartitionGraphs(GraphDef.newBuilder()).build();
    assertTrue(refused(empty, GPU).contains("found no variable and no matrix product"));
  }

  /** What TensorFlow tells of a real run on this machine's CPU passes for the CPU alone. */
  @Test
  void aRealRunIsWhereItWas() {
    try (TfRuntime runtime = new TfRuntime(Computations.FP32)) {
      Ops tf = Device.CPU.on(runtime.ops());
      var fed = tf.placeholder(TFloat32.class);
      var product = tf.linalg.matMul(fed, fed);
      try (TFloat32 two = TfTensors.floats(new float[] {2}, 1, 1);
          Result result =
              runtime
                  .session()
                  .runner()
                  .feed(fed, two)
                  .fetch(product)
                  .setOptions(Placement.options())
                  .runAndFetchMetadata()) {
        RunMetadata seen = result.getMetadata().orElseThrow();
        assertDoesNotThrow(() -> Placement.require("product", seen, Device.CPU));
        assertTrue(refused(seen, GPU).contains("MatMul) was computed on " + HOST));
      }
    }
    Fixture fixture = Fixture.named("llama");
    try (TensorFlowModel model = TensorFlowModel.open(fixture.folder(), Computations.FP32)) {
      TokenRow row = new TokenRow(new int[] {1, 2, 3}, new int[] {TokenRow.IGNORED, 2, 3});
      assertDoesNotThrow(() -> model.score(List.of(row)));
    }
  }

  @Test
  void theSessionSeesTheDeviceAlone() {
    ConfigProto cpu = Device.CPU.options().build();
    assertEquals(0, cpu.getDeviceCountOrThrow("GPU"));
    ConfigProto second = new Device(1).options().build();
    assertEquals("1", second.getGpuOptions().getVisibleDeviceList());
    assertTrue(second.getGpuOptions().getAllowGrowth());
    for (ConfigProto options : List.of(cpu, second)) {
      assertEquals(false, options.getAllowSoftPlacement());
    }
  }
}
