package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Exported graphs as other exporters leave them, and as mistakes leave them. */
final class ForeignFiles {
  private ForeignFiles() {}

  /** Every value and weight gets a name that says nothing. */
  static void rename(GraphProto.Builder graph) {
    Set<String> ports =
        graph.getOutputList().stream().map(ValueInfoProto::getName).collect(Collectors.toSet());
    graph.getInputList().forEach(i -> ports.add(i.getName()));
    Map<String, String> names = new HashMap<>();
    for (TensorProto.Builder t : graph.getInitializerBuilderList()) {
      names.put(t.getName(), "onnx::MatMul_" + names.size());
      t.setName(names.get(t.getName()));
    }
    for (NodeProto.Builder node : graph.getNodeBuilderList()) {
      for (int i = 0; i < node.getOutputCount(); i++) {
        String name = node.getOutput(i);
        if (!name.isEmpty() && !ports.contains(name)) {
          names.put(name, "/model/op_" + names.size() + "_output_0");
          node.setOutput(i, names.get(name));
        }
      }
    }
    for (NodeProto.Builder node : graph.getNodeBuilderList()) {
      for (int i = 0; i < node.getInputCount(); i++) {
        node.setInput(i, names.getOrDefault(node.getInput(i), node.getInput(i)));
      }
    }
    graph.clearValueInfo();
  }

  /** Positions are counted inside: 0, 1, 2, ... in every row, whatever is padding. */
  static void countPositions(GraphProto.Builder graph) {
    drop(graph, "position_ids");
    constant(graph, "c.zero", List.of(), 0);
    constant(graph, "c.one", List.of(), 1);
    constant(graph, "c.row", List.of(1L), 0);
    List<NodeProto> nodes = new ArrayList<>();
    nodes.add(node("Shape", List.of("input_ids"), "c.shape"));
    nodes.add(node("Gather", List.of("c.shape", "c.one"), "c.time"));
    nodes.add(node("Range", List.of("c.zero", "c.time", "c.one"), "c.range"));
    nodes.add(node("Unsqueeze", List.of("c.range", "c.row"), "c.line"));
    nodes.add(node("Expand", List.of("c.line", "c.shape"), "position_ids"));
    first(graph, nodes);
  }

  /** No cache goes in or out. */
  static void dropCache(GraphProto.Builder graph) {
    List<NodeProto> nodes = new ArrayList<>();
    constant(graph, "n.first", List.of(1L), 0);
    nodes.add(node("Shape", List.of("input_ids"), "n.shape"));
    nodes.add(node("Gather", List.of("n.shape", "n.first"), "n.batch"));
    for (ValueInfoProto input : List.copyOf(graph.getInputList())) {
      String name = input.getName();
      if (name.startsWith("past_key_values.")) {
        var dims = input.getType().getTensorType().getShape();
        constant(
            graph,
            name + ".rest",
            List.of(3L),
            dims.getDim(1).getDimValue(),
            0,
            dims.getDim(3).getDimValue());
        nodes.add(
            node("Concat", List.of("n.batch", name + ".rest"), name + ".shape").toBuilder()
                .addAttribute(
                    AttributeProto.newBuilder()
                        .setName("axis")
                        .setType(AttributeProto.AttributeType.INT)
                        .setI(0))
                .build());
        nodes.add(node("ConstantOfShape", List.of(name + ".shape"), name));
        drop(graph, name);
      }
    }
    List<ValueInfoProto> kept =
        graph.getOutputList().stream().filter(o -> o.getName().equals("logits")).toList();
    graph.clearOutput().addAllOutput(kept);
    first(graph, nodes);
  }

  /** Whatever the mask says, every token is seen. */
  static void ignoreMask(GraphProto.Builder graph) {
    for (NodeProto.Builder node : graph.getNodeBuilderList()) {
      for (int i = 0; i < node.getInputCount(); i++) {
        if (node.getInput(i).equals("attention_mask")) {
          node.setInput(i, "i.ones");
        }
      }
    }
    NodeProto ones =
        node("ConstantOfShape", List.of("i.shape"), "i.ones").toBuilder()
            .addAttribute(
                AttributeProto.newBuilder()
                    .setName("value")
                    .setType(AttributeProto.AttributeType.TENSOR)
                    .setT(
                        TensorProto.newBuilder()
                            .setDataType(DataType.INT64.getNumber())
                            .addDims(1)
                            .addInt64Data(1)))
            .build();
    first(graph, List.of(node("Shape", List.of("attention_mask"), "i.shape"), ones));
  }

  private static void drop(GraphProto.Builder graph, String input) {
    List<ValueInfoProto> kept =
        graph.getInputList().stream().filter(i -> !i.getName().equals(input)).toList();
    graph.clearInput().addAllInput(kept);
  }

  private static void constant(
      GraphProto.Builder graph, String name, List<Long> dims, long... values) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(DataType.INT64.getNumber())
            .addAllDims(dims);
    for (long value : values) {
      tensor.addInt64Data(value);
    }
    graph.addInitializer(tensor);
  }

  private static NodeProto node(String type, List<String> inputs, String output) {
    return NodeProto.newBuilder()
        .setOpType(type)
        .setName(output + ".node")
        .addAllInput(inputs)
        .addOutput(output)
        .build();
  }

  private static void first(GraphProto.Builder graph, List<NodeProto> nodes) {
    List<NodeProto> all = new ArrayList<>(nodes);
    all.addAll(graph.getNodeList());
    graph.clearNode().addAllNode(all);
  }

  /**
   * Two decoders in one file, as Optimum merges them: an If chooses by use_cache_branch, weights
   * are shared.
   *
   * @param cached changes the branch that runs with a cache
   */
  static void merge(GraphProto.Builder graph, Consumer<GraphProto.Builder> cached) {
    GraphProto.Builder with = branch(graph, "with_past/");
    cached.accept(with);
    NodeProto.Builder choice =
        NodeProto.newBuilder()
            .setOpType("If")
            .setName("optimum::if")
            .addInput("use_cache_branch")
            .addAttribute(branch("then_branch", with))
            .addAttribute(branch("else_branch", branch(graph, "without_past/")));
    graph.getOutputList().forEach(o -> choice.addOutput(o.getName()));
    ValueInfoProto.Builder flag = ValueInfoProto.newBuilder().setName("use_cache_branch");
    flag.getTypeBuilder()
        .getTensorTypeBuilder()
        .setElemType(DataType.BOOL.getNumber())
        .getShapeBuilder()
        .addDimBuilder()
        .setDimValue(1);
    graph.clearNode().clearValueInfo().addNode(choice).addInput(flag);
  }

  /** Queries, keys and values of each layer come from one matrix, and are split afterwards. */
  static void pack(GraphProto.Builder graph) {
    Map<String, TensorProto> tensors = new HashMap<>();
    graph.getInitializerList().forEach(t -> tensors.put(t.getName(), t));
    List<NodeProto> nodes = new ArrayList<>();
    for (NodeProto n : graph.getNodeList()) {
      String weight = n.getOpType().equals("Gemm") ? n.getInput(1) : "";
      if (weight.endsWith("k_proj.weight") || weight.endsWith("v_proj.weight")) {
        continue;
      }
      if (!weight.endsWith("q_proj.weight")) {
        nodes.add(n);
        continue;
      }
      List<String> names = new ArrayList<>();
      List<String> outputs = new ArrayList<>();
      long[] sizes = new long[3];
      ByteString bytes = ByteString.EMPTY;
      for (String part : List.of("q_proj", "k_proj", "v_proj")) {
        TensorProto t = tensors.get(weight.replace("q_proj", part));
        sizes[names.size()] = t.getDims(0);
        names.add(t.getName());
        bytes = bytes.concat(t.getRawData());
        graph.getNodeList().stream()
            .filter(o -> o.getInputCount() > 1 && o.getInput(1).equals(t.getName()))
            .forEach(o -> outputs.add(o.getOutput(0)));
      }
      TensorProto first = tensors.get(weight);
      String packed = weight.replace("q_proj", "qkv_proj");
      long all = sizes[0] + sizes[1] + sizes[2];
      graph.addInitializer(first.toBuilder().setName(packed).setDims(0, all).setRawData(bytes));
      constant(graph, packed + ".sizes", List.of(3L), sizes);
      nodes.add(n.toBuilder().setInput(1, packed).setOutput(0, packed + ".out").build());
      nodes.add(
          NodeProto.newBuilder()
              .setOpType("Split")
              .setName(packed + ".split")
              .addInput(packed + ".out")
              .addInput(packed + ".sizes")
              .addAllOutput(outputs)
              .addAttribute(
                  AttributeProto.newBuilder()
                      .setName("axis")
                      .setType(AttributeProto.AttributeType.INT)
                      .setI(-1))
              .build());
      names.forEach(tensors::remove);
    }
    graph.clearNode().addAllNode(nodes);
    List<TensorProto> kept =
        graph.getInitializerList().stream()
            .filter(t -> !t.getName().matches(".*[.][qkv]_proj[.]weight"))
            .toList();
    graph.clearInitializer().addAllInitializer(kept);
  }

  private static AttributeProto branch(String name, GraphProto.Builder graph) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.GRAPH)
        .setG(graph)
        .build();
  }

  /** The nodes under names of their own, which a branch must not share with what is around it. */
  private static GraphProto.Builder branch(GraphProto.Builder graph, String prefix) {
    Set<String> computed =
        graph.getNodeList().stream()
            .flatMap(n -> n.getOutputList().stream())
            .filter(o -> !o.isEmpty())
            .collect(Collectors.toSet());
    GraphProto.Builder branch = GraphProto.newBuilder().setName(prefix);
    for (NodeProto n : graph.getNodeList()) {
      NodeProto.Builder own =
          n.toBuilder().clearInput().clearOutput().setName(prefix + n.getName());
      n.getInputList().forEach(i -> own.addInput(computed.contains(i) ? prefix + i : i));
      n.getOutputList().forEach(o -> own.addOutput(o.isEmpty() ? o : prefix + o));
      branch.addNode(own);
    }
    graph
        .getOutputList()
        .forEach(o -> branch.addOutput(o.toBuilder().setName(prefix + o.getName())));
    return branch;
  }
}
