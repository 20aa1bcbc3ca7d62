package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Parts of a graph, cut out without touching a node or an initializer. */
final class Subgraph {
  private Subgraph() {}

  /** Names of all values that nodes of the graph compute. */
  static Set<String> computed(GraphProto graph) {
    Set<String> names = new HashSet<>();
    graph.getNodeList().forEach(n -> names.addAll(n.getOutputList()));
    return names;
  }

  /** Nodes of the graph and of all graphs within it. */
  static List<NodeProto> nodes(GraphProto graph) {
    List<NodeProto> all = new ArrayList<>();
    for (NodeProto n : graph.getNodeList()) {
      all.add(n);
      branches(n).forEach(b -> all.addAll(nodes(b)));
    }
    return all;
  }

  private static List<GraphProto> branches(NodeProto n) {
    return n.getAttributeList().stream()
        .filter(AttributeProto::hasG)
        .map(AttributeProto::getG)
        .toList();
  }

  /** All values that a node reads, its branches included; some of these are the branches' own. */
  private static List<String> read(NodeProto n) {
    List<String> read = new ArrayList<>(n.getInputList());
    branches(n).forEach(b -> nodes(b).forEach(own -> read.addAll(own.getInputList())));
    return read;
  }

  /**
   * The nodes that some values need, with their initializers and inputs; no outputs are declared.
   *
   * @param cuts values at which the walk stops; the caller declares them as inputs
   */
  static GraphProto.Builder needed(GraphProto graph, List<String> values, Set<String> cuts) {
    Map<String, NodeProto> producer = new HashMap<>();
    graph.getNodeList().forEach(n -> n.getOutputList().forEach(o -> producer.put(o, n)));
    Set<String> seen = new HashSet<>();
    Set<String> nodes = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(values);
    while (!open.isEmpty()) {
      String value = open.pop();
      if (cuts.contains(value) || !seen.add(value)) {
        continue;
      }
      NodeProto node = producer.get(value);
      if (node != null && nodes.add(node.getName())) {
        open.addAll(read(node));
      }
    }
    GraphProto.Builder part = GraphProto.newBuilder().setName(graph.getName());
    graph.getNodeList().stream().filter(n -> nodes.contains(n.getName())).forEach(part::addNode);
    for (TensorProto t : graph.getInitializerList()) {
      if (seen.contains(t.getName())) {
        part.addInitializer(t);
      }
    }
    for (ValueInfoProto input : graph.getInputList()) {
      if (seen.contains(input.getName())) {
        part.addInput(input);
      }
    }
    return part;
  }

  /**
   * Lets nodes read rows of some inputs instead of the inputs: {@code input[index]}, along the
   * first axis.
   *
   * @param index name of an int64 vector that will be there
   */
  static GraphProto.Builder rowsOf(GraphProto.Builder part, List<String> inputs, String index) {
    Map<String, String> names = new HashMap<>();
    inputs.forEach(input -> names.put(input, index + "/" + input));
    GraphProto.Builder changed = part.clone().clearNode();
    names.forEach(
        (input, rows) ->
            changed.addNode(
                NodeProto.newBuilder()
                    .setName(rows)
                    .setOpType(Op.GATHER.type())
                    .addInput(input)
                    .addInput(index)
                    .addOutput(rows)));
    part.getNodeList().forEach(node -> changed.addNode(reading(node, names)));
    return changed;
  }

  /** The node with other names for what it reads, in its branches too. */
  private static NodeProto reading(NodeProto node, Map<String, String> names) {
    NodeProto.Builder reading = node.toBuilder().clearInput().clearAttribute();
    node.getInputList().forEach(name -> reading.addInput(names.getOrDefault(name, name)));
    for (AttributeProto a : node.getAttributeList()) {
      AttributeProto.Builder attribute = a.toBuilder();
      if (a.hasG()) {
        GraphProto.Builder branch = attribute.getGBuilder().clearNode();
        a.getG().getNodeList().forEach(n -> branch.addNode(reading(n, names)));
      }
      reading.addAttribute(attribute);
    }
    return reading.build();
  }

  /**
   * Puts a second graph behind a first one; its inputs are the first one's values of that name, or
   * new inputs where there is none, and its outputs are the outputs of the whole.
   */
  static GraphProto join(GraphProto.Builder first, GraphProto second) {
    Set<String> known = new HashSet<>(computed(first.build()));
    first.getInputList().forEach(i -> known.add(i.getName()));
    first.getInitializerList().forEach(i -> known.add(i.getName()));
    second.getInputList().stream()
        .filter(i -> !known.contains(i.getName()))
        .forEach(first::addInput);
    second.getInitializerList().stream()
        .filter(i -> !known.contains(i.getName()))
        .forEach(first::addInitializer);
    first.addAllNode(second.getNodeList());
    first.clearOutput().addAllOutput(second.getOutputList());
    return first.build();
  }
}
