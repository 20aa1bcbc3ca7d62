package org.unlearn4j.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.parity.Gate;
import org.unlearn4j.parity.ParityResult;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/**
 * Files of the kind that onnxruntime-genai's builder writes: GroupQueryAttention is told how many
 * tokens each row has, turns queries and keys itself, and knows no padding on the left.
 */
class ForeignGroupsTest {
  private static final Gate.Level[] OWN = {Gate.Level.WEIGHTS, Gate.Level.GRAPH};

  @TempDir Path temp;

  private ParityResult compare(
      String fixture, Variant variant, int opset, Consumer<GraphProto.Builder> change)
      throws IOException {
    Path folder = temp.resolve(fixture);
    OnnxExporter.export(
        Fixture.named(fixture).folder(),
        folder,
        ExportOptions.of(List.of(variant.label()))
            .opset(opset)
            .choices(GraphChoices.defaults().attention(true)));
    Path file = folder.resolve("onnx").resolve(variant.fileName());
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
    counting(model.getGraphBuilder());
    change.accept(model.getGraphBuilder());
    ForeignFiles.rename(model.getGraphBuilder());
    model.setProducerName("another").clearMetadataProps();
    Files.write(file, model.build().toByteArray());
    return ReadBacks.compare(fixture, folder, variant);
  }

  /** Each row's tokens instead of a bias, and rotary embedding where the file has an operator. */
  private static void counting(GraphProto.Builder g) {
    Map<String, NodeProto> rotary = new HashMap<>();
    g.getNodeList().stream()
        .filter(n -> n.getOpType().equals("RotaryEmbedding"))
        .forEach(n -> rotary.put(n.getOutput(0), n));
    for (NodeProto.Builder n : g.getNodeBuilderList()) {
      if (n.getOpType().equals("GroupQueryAttention")) {
        List<String> in = List.copyOf(n.getInputList());
        NodeProto q = rotary.get(in.get(0));
        NodeProto k = rotary.get(in.get(1));
        n.clearInput();
        n.addInput(q == null ? in.get(0) : q.getInput(0));
        n.addInput(k == null ? in.get(1) : k.getInput(0));
        n.addAllInput(in.subList(2, 5)).addInput("seqlens_k").addInput(in.get(6));
        if (q != null) {
          n.addInput(q.getInput(1)).addInput(q.getInput(2));
          n.addAttribute(number("do_rotary", 1));
        }
      }
    }
    g.addInitializer(
        TensorProto.newBuilder().setName("one").setDataType(7).addDims(1).addInt64Data(1));
    List<NodeProto> rest = List.copyOf(g.getNodeList());
    g.clearNode()
        .addNode(
            node("ReduceSum", "tokens", "attention_mask", "one")
                .addAttribute(number("keepdims", 0)))
        .addNode(node("Sub", "last", "tokens", "one"))
        .addNode(node("Cast", "seqlens_k", "last").addAttribute(number("to", 6)))
        .addAllNode(rest);
  }

  private static NodeProto.Builder node(String op, String out, String... in) {
    return NodeProto.newBuilder()
        .setOpType(op)
        .setName("counting/" + op)
        .addAllInput(List.of(in))
        .addOutput(out);
  }

  private static AttributeProto number(String name, long value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  /** Heads of 16 features, which the operator turns itself; of 8, which are turned before. */
  @ParameterizedTest
  @CsvSource({
    "llama3_rope, FP32, 23",
    "llama3_rope, INT4, 23",
    "llama3_rope, FP16, 23",
    "llama, FP32, 17",
    "llama, INT8, 17",
    "qwen2, INT4, 17"
  })
  void aCorrectFilePasses(String fixture, Variant variant, int opset) throws IOException {
    ParityResult result = compare(fixture, variant, opset, g -> {});
    String found = result.weights() + " " + result.graph();
    assertEquals(List.of(), ReadBacks.failed(result, OWN), found);
    Set<String> names = new TreeSet<>();
    for (Gate g : result.gates()) {
      names.add(g.name().replace("_relative", ""));
      if (g.name().startsWith("chunked") || g.name().startsWith("cached")) {
        assertTrue(g.pass(), g.toString());
      }
    }
    assertTrue(names.containsAll(List.of("chunked_prefill", "cached_decoding")), names.toString());
    assertTrue(!names.contains("left_padding"), "the file does not claim that");
  }

  /** Features turned in neighbouring pairs instead of halves. */
  @Test
  void aWrongRotationIsTheGraphsMistake() throws IOException {
    ParityResult result =
        compare(
            "llama3_rope",
            Variant.INT4,
            GraphForm.LATEST,
            g ->
                g.getNodeBuilderList().stream()
                    .filter(n -> n.getOpType().equals("GroupQueryAttention"))
                    .forEach(n -> n.addAttribute(number("rotary_interleaved", 1))));
    assertEquals(List.of(), ReadBacks.failed(result, Gate.Level.WEIGHTS));
    assertTrue(ReadBacks.failed(result, Gate.Level.GRAPH).contains("graph_logit_max_abs"));
    assertEquals(ParityResult.Origin.GRAPH, result.origin().orElseThrow());
  }
}
