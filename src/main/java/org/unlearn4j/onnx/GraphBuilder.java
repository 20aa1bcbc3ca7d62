package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.ByteString;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Puts an ONNX graph together, node by node, in topological order, and refuses a node that does not
 * fit: unknown inputs, a name taken twice, an operator used against its signature.
 */
final class GraphBuilder {
  private record Node(
      String name, Op op, List<String> inputs, List<String> outputs, Map<?, ?> at) {}

  /** An attribute that is a graph; it reads values around it by their names. */
  @FunctionalInterface
  interface Branch {
    GraphProto graph();
  }

  private final Deque<String> scopes = new ArrayDeque<>();
  private final Map<String, Value> values = new LinkedHashMap<>();
  private final Set<String> nodeNames = new HashSet<>();
  private final Map<String, String> renamed = new HashMap<>();
  private final List<Value> inputs = new ArrayList<>();
  private final List<Value> optional = new ArrayList<>();
  private final List<Value> outputs = new ArrayList<>();
  private List<Node> nodes = new ArrayList<>();
  private final List<TensorProto> constants = new ArrayList<>();
  private final Map<String, Initializer> initializers = new LinkedHashMap<>();
  private List<Value> computed = new ArrayList<>();
  private final int opset;

  /** A graph of operators that an opset has, and of others of other domains. */
  GraphBuilder(int opset) {
    this.opset = opset;
  }

  /** What {@code body} adds is named under {@code scope}. */
  <R> R within(String scope, Supplier<R> body) {
    scopes.addLast(scope);
    try {
      return body.get();
    } finally {
      scopes.removeLast();
    }
  }

  /** What {@code body} adds is named from the root, whatever the scope: it serves all layers. */
  <R> R atRoot(Supplier<R> body) {
    List<String> outer = List.copyOf(scopes);
    scopes.clear();
    try {
      return body.get();
    } finally {
      scopes.clear();
      scopes.addAll(outer);
    }
  }

  Value input(String name, DataType type, Dim... shape) {
    Value value = declare(new Value(name, type, List.of(shape)));
    inputs.add(value);
    return value;
  }

  /**
   * An input that need not be fed: without it, the graph reads a matrix that has no values. Asked
   * for again under the same name, it is the same one.
   *
   * @param shape with a name for the axis that has the length 0 then
   */
  Value optionalInput(String name, DataType type, List<Dim> shape) {
    if (!values.containsKey(name)) {
      Value value = declare(new Value(name, type, shape));
      optional.add(value);
      TensorProto.Builder nothing =
          TensorProto.newBuilder().setName(name).setDataType(type.getNumber());
      shape.forEach(d -> nothing.addDims(Math.max(0, d.size())));
      constants.add(nothing.setRawData(ByteString.EMPTY).build());
    }
    return values.get(name);
  }

  void output(Value value) {
    known(value.name(), value);
    outputs.add(value);
  }

  /** A weight or table; used again under the same name, it is the same one. */
  Value initializer(Initializer i) {
    Initializer before = initializers.putIfAbsent(i.name(), i);
    if (before == null) {
      declare(new Value(i.name(), i.type(), i.dims().stream().map(Dim::of).toList()));
    } else if (!before.dims().equals(i.dims())) {
      throw new IllegalArgumentException(
          i.name() + " is used with shape " + i.dims() + " and with " + before.dims());
    }
    return values.get(i.name());
  }

  /** A vector of integers, for shapes and axes. */
  Value vector(long... content) {
    String name = "constant.int64" + Arrays.toString(content).replace(" ", "");
    TensorProto.Builder tensor = TensorProto.newBuilder().addDims(content.length);
    Arrays.stream(content).forEach(tensor::addInt64Data);
    return constant(name, DataType.INT64, tensor, List.of(Dim.of(content.length)));
  }

  Value scalar(long content) {
    String name = "constant.int64(" + content + ")";
    return constant(
        name, DataType.INT64, TensorProto.newBuilder().addInt64Data(content), List.of());
  }

  Value scalar(float content) {
    String name = "constant.float(" + content + ")";
    return constant(
        name, DataType.FLOAT, TensorProto.newBuilder().addFloatData(content), List.of());
  }

  /** An unsigned byte, for zero points. */
  Value unsignedByte(int content) {
    String name = "constant.uint8(" + content + ")";
    return constant(
        name, DataType.UINT8, TensorProto.newBuilder().addInt32Data(content), List.of());
  }

  private Value constant(String name, DataType type, TensorProto.Builder tensor, List<Dim> shape) {
    if (!values.containsKey(name)) {
      declare(new Value(name, type, shape));
      constants.add(tensor.setName(name).setDataType(type.getNumber()).build());
    }
    return values.get(name);
  }

  /** A node with one output, which keeps the first input's type. */
  Value node(Op op, String label, Map<String, ?> attributes, List<Dim> shape, Value... in) {
    return node(op, label, attributes, in[0].type(), shape, in);
  }

  /**
   * A node with one output.
   *
   * @param label names the node within the scope, for instance the module it stands for; may be
   *     empty
   */
  Value node(
      Op op, String label, Map<String, ?> attributes, DataType type, List<Dim> shape, Value... in) {
    String name = nodeName(op, label);
    Value out = new Value(name + "_output_0", type, shape);
    add(name, op, List.of(in), List.of(out), attributes);
    return out;
  }

  /**
   * What one of two bodies gives, of which only one runs. Values that a body computes are known in
   * it alone; weights and constants are those of the whole graph.
   *
   * @param condition a truth value, {@code [1]}
   * @param shape of what either body gives
   */
  Value either(
      String label,
      Value condition,
      List<Dim> shape,
      Supplier<Value> then,
      Supplier<Value> otherwise) {
    String name = nodeName(Op.IF, label);
    Map<String, Branch> branches =
        Map.of(
            "then_branch", branch(name + "_then", then),
            "else_branch", branch(name + "_else", otherwise));
    Value out = new Value(name + "_output_0", DataType.FLOAT, shape);
    add(name, Op.IF, List.of(condition), List.of(out), branches);
    return out;
  }

  private Branch branch(String name, Supplier<Value> body) {
    List<Node> outerNodes = nodes;
    List<Value> outerComputed = computed;
    nodes = new ArrayList<>();
    computed = new ArrayList<>();
    try {
      Value out = body.get();
      List<Node> own = nodes;
      List<Value> made = computed;
      if (!made.contains(out)) {
        throw new IllegalArgumentException(name + ": " + out.name() + " is not computed in it");
      }
      return () -> {
        GraphProto.Builder graph = GraphProto.newBuilder().setName(name);
        own.forEach(n -> graph.addNode(proto(n)));
        made.stream().filter(v -> v != out).forEach(v -> graph.addValueInfo(v.proto()));
        return graph.addOutput(out.proto()).build();
      };
    } finally {
      computed.forEach(v -> values.remove(v.name()));
      nodes = outerNodes;
      computed = outerComputed;
    }
  }

  /** A node with outputs that the caller declares. */
  void node(Op op, String label, Map<String, ?> attributes, List<Value> in, List<Value> out) {
    add(nodeName(op, label), op, in, out, attributes);
  }

  /** A name for an output of the next node of this operator and label. */
  String outputName(Op op, String label, int index) {
    return nodeName(op, label) + "_output_" + index;
  }

  /** Gives a value another name, wherever it is used. */
  void rename(Value value, String name) {
    known(value.name(), value);
    if (values.containsKey(name) || renamed.containsValue(name)) {
      throw new IllegalArgumentException("value " + name + " exists twice");
    }
    renamed.put(value.name(), name);
  }

  List<Initializer> initializers() {
    return List.copyOf(initializers.values());
  }

  /** The graph; large initializers are not in it yet. */
  GraphProto.Builder build(String name) {
    GraphProto.Builder graph = GraphProto.newBuilder().setName(name);
    inputs.forEach(v -> graph.addInput(v.proto()));
    optional.forEach(v -> graph.addInput(v.proto()));
    outputs.forEach(v -> graph.addOutput(v.renamed(finalName(v.name())).proto()));
    Set<String> ends = new HashSet<>(outputs.stream().map(Value::name).toList());
    computed.stream()
        .filter(v -> !ends.contains(v.name()))
        .forEach(v -> graph.addValueInfo(v.renamed(finalName(v.name())).proto()));
    nodes.forEach(n -> graph.addNode(proto(n)));
    constants.forEach(graph::addInitializer);
    return graph;
  }

  private void add(String name, Op op, List<Value> in, List<Value> out, Map<String, ?> attributes) {
    op.check(name, in.size(), out.size(), attributes);
    if (op.since() > opset) {
      throw new IllegalArgumentException(
          name + ": an operator of opset " + op.since() + " in a graph of opset " + opset);
    }
    in.stream().filter(v -> v != Value.NONE).forEach(v -> known(name, v));
    out.forEach(v -> computed.add(declare(v)));
    nodeNames.add(name);
    nodes.add(
        new Node(
            name,
            op,
            in.stream().map(Value::name).toList(),
            out.stream().map(Value::name).toList(),
            new TreeMap<>(attributes)));
  }

  private String nodeName(Op op, String label) {
    String base = path(op, label);
    String name = base;
    for (int i = 1; nodeNames.contains(name); i++) {
      name = base + "_" + i;
    }
    return name;
  }

  private String path(Op op, String label) {
    StringBuilder path = new StringBuilder();
    scopes.forEach(s -> path.append('/').append(s));
    if (!label.isEmpty() && !label.equals(scopes.peekLast())) {
      path.append('/').append(label);
    }
    return path.append('/').append(op.type()).toString();
  }

  private Value declare(Value value) {
    if (values.putIfAbsent(value.name(), value) != null) {
      throw new IllegalArgumentException("value " + value.name() + " exists twice");
    }
    return value;
  }

  private void known(String node, Value value) {
    if (values.get(value.name()) != value) {
      throw new IllegalArgumentException(node + ": " + value.name() + " is not of this graph");
    }
  }

  private String finalName(String name) {
    return renamed.getOrDefault(name, name);
  }

  private NodeProto proto(Node n) {
    NodeProto.Builder proto = NodeProto.newBuilder().setName(n.name()).setOpType(n.op().type());
    if (!n.op().domain().isEmpty()) {
      proto.setDomain(n.op().domain());
    }
    n.inputs().forEach(i -> proto.addInput(finalName(i)));
    n.outputs().forEach(o -> proto.addOutput(finalName(o)));
    n.at().forEach((key, value) -> proto.addAttribute(attribute((String) key, value)));
    return proto.build();
  }

  private static AttributeProto attribute(String name, Object value) {
    AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name);
    if (value instanceof Branch b) {
      attribute.setType(AttributeProto.AttributeType.GRAPH).setG(b.graph());
    } else if (value instanceof Long l) {
      attribute.setType(AttributeProto.AttributeType.INT).setI(l);
    } else if (value instanceof Float f) {
      attribute.setType(AttributeProto.AttributeType.FLOAT).setF(f);
    } else if (value instanceof long[] list) {
      attribute.setType(AttributeProto.AttributeType.INTS);
      Arrays.stream(list).forEach(attribute::addInts);
    } else {
      attribute
          .setType(AttributeProto.AttributeType.STRING)
          .setS(ByteString.copyFromUtf8((String) value));
    }
    return attribute.build();
  }
}
