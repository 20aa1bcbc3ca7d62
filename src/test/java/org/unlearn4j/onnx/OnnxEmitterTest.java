package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Norm;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.Variant;

/** A node that does not fit is refused where it is built, by name. */
class OnnxEmitterTest {
  private final OnnxEmitter e = new OnnxEmitter(8, GraphForm.of(Variant.FP32));

  private Value rows(int width) {
    return e.embedding(e.ids(), Parameter.matrix("table" + width + ".weight", 5, width));
  }

  @Test
  void nodesAreNamedByTheirScopes() {
    Value x = rows(4);
    Value y =
        e.within(
            "model",
            () ->
                e.within(
                    "layers.0", () -> e.linear(x, Linear.of("model.layers.0.q", 4, 6, false))));
    assertEquals("/model/layers.0/q/Gemm_output_0", y.name());
    assertEquals("/Mul_output_0", e.multiply(y, y).name());
    assertEquals("/Mul_1_output_0", e.multiply(y, y).name());
  }

  @Test
  void widthsMustFit() {
    Value x = rows(4);
    refuses(() -> e.linear(x, Linear.of("up", 5, 6, false)), "up: found width 4", "expected 5");
    refuses(() -> e.rmsNorm(x, Norm.rms("norm", 5, 1e-5)), "norm: found width 4");
    refuses(() -> e.add(x, rows(3)), "Add: found width 3", "expected 4");
    refuses(() -> e.split(x, 2, 3), "split: found width 4", "expected 5");
    Attention a = new Attention(0, 2, 1, 4, 1, OptionalDouble.empty(), OptionalInt.empty());
    refuses(() -> e.attention(x, x, x, a), "attention queries: found width 4", "expected 8");
    refuses(() -> e.linear(e.ids(), Linear.of("up", 4, 6, false)), "expected");
  }

  @Test
  void aParameterHasOneShape() {
    rows(4);
    refuses(
        () -> e.embedding(e.ids(), Parameter.matrix("table4.weight", 6, 4)),
        "table4.weight is used with shape [6, 4] and with [5, 4]");
  }

  @Test
  void valuesOfAnotherGraphAreRefused() {
    Value foreign = new OnnxEmitter(8, GraphForm.of(Variant.FP32)).ids();
    refuses(
        () -> e.embedding(foreign, Parameter.matrix("table.weight", 5, 4)),
        "input_ids is not of this graph");
  }

  /** What a branch computes is known in it alone, and it must compute what it gives. */
  @Test
  void aBranchKeepsItsValues() {
    GraphBuilder g = e.graph();
    Value x = rows(4);
    Value asked = g.input("asked", DataType.BOOL, Dim.of(1));
    List<Value> inner = new ArrayList<>();
    Supplier<Value> twice =
        () -> {
          inner.add(g.node(Op.ADD, "twice", Map.of(), x.shape(), x, x));
          return inner.get(0);
        };
    Supplier<Value> same = () -> g.node(Op.IDENTITY, "same", Map.of(), x.shape(), x);
    g.output(g.either("either", asked, x.shape(), twice, same));
    refuses(() -> e.add(x, inner.get(0)), "Add_output_0 is not of this graph");
    refuses(
        () -> g.either("wrong", asked, x.shape(), () -> x, same), x.name() + " is not computed");
    GraphProto graph = g.build("branches").build();
    NodeProto node = graph.getNode(graph.getNodeCount() - 1);
    assertEquals("If", node.getOpType());
    assertEquals(List.of("asked"), node.getInputList());
    // In the order of their names, as all attributes.
    assertEquals(
        List.of("Identity", "Add"),
        node.getAttributeList().stream().map(a -> a.getG().getNode(0).getOpType()).toList());
    // What a branch reads is needed by whoever needs the node.
    GraphProto.Builder part = Subgraph.needed(graph, node.getOutputList(), Set.of());
    assertTrue(
        part.getNodeList().stream().anyMatch(n -> n.getOutputList().contains(x.name())),
        part.toString());
  }

  @Test
  void operatorsAreUsedAsTheirSignaturesSay() {
    GraphBuilder g = new GraphBuilder(GraphForm.LATEST);
    Value x = g.input("x", DataType.FLOAT, Dim.of(2), Dim.of(3));
    List<Dim> shape = x.shape();
    refuses(() -> g.node(Op.ADD, "", Map.of(), shape, x), "/Add: 1 inputs, expected 2 to 2");
    refuses(() -> g.node(Op.EXP, "", Map.of("axis", 1L), shape, x), "/Exp: attribute axis");
    refuses(
        () -> g.node(Op.LOG_SOFTMAX, "", Map.of("axis", 1f), shape, x),
        "/LogSoftmax: attribute axis is 1.0");
    refuses(() -> g.input("x", DataType.FLOAT), "value x exists twice");
  }

  private static void refuses(Executable action, String... parts) {
    String message = assertThrows(IllegalArgumentException.class, action).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }
}
