package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.weights.Variant;

/**
 * A graph as text that a person can review and a diff can compare: inputs, then a line for each
 * node in the order of execution (scope, operator with its attributes, output shape, the
 * initializers it reads), then outputs and initializers. The same graph always gives the same text.
 */
public final class OnnxListing {
  private OnnxListing() {}

  /** The float32 graph that the exporter writes for a decoder. */
  public static String of(Decoder decoder) {
    return of(decoder, Variant.FP32, GraphForm.LATEST);
  }

  /** The graph of a variant and an operator set. */
  public static String of(Decoder decoder, Variant variant, int opset) {
    return of(decoder, variant, opset, Set.of());
  }

  /**
   * The same with inputs for adapters.
   *
   * @param adapted modules of the linear maps that have them
   */
  public static String of(Decoder decoder, Variant variant, int opset, Set<String> adapted) {
    DecoderGraph built = DecoderGraph.of(decoder, GraphForm.of(variant, opset), adapted);
    GraphProto.Builder graph = built.graph().toBuilder();
    built.initializers().forEach(i -> graph.addInitializer(i.declaration()));
    return of(graph.build());
  }

  /**
   * The graph of a file.
   *
   * @throws org.unlearn4j.base.UserException if the file is no ONNX or its data is not whole
   */
  public static String of(Path file) {
    return of(OnnxFile.read(file).model().getGraph());
  }

  private static String of(GraphProto graph) {
    StringBuilder out = new StringBuilder();
    section(out, "inputs", graph.getInputList().stream().map(OnnxListing::line).toList());
    section(out, "nodes", nodes(graph));
    section(out, "outputs", graph.getOutputList().stream().map(OnnxListing::line).toList());
    section(
        out,
        "initializers",
        graph.getInitializerList().stream().map(OnnxListing::initializer).sorted().toList());
    return out.toString();
  }

  private static void section(StringBuilder out, String title, List<String> lines) {
    out.append(title).append('\n');
    lines.forEach(l -> out.append("  ").append(l.stripTrailing()).append('\n'));
  }

  private static List<String> nodes(GraphProto graph) {
    Map<String, String> shapes = new HashMap<>();
    Set<String> constants = new HashSet<>();
    graph.getInitializerList().forEach(t -> constants.add(t.getName()));
    List<String> lines = new ArrayList<>();
    nodes(graph, "", shapes, constants, lines);
    return lines;
  }

  /** A line for each node, those of its branches below it and further to the right. */
  private static void nodes(
      GraphProto graph,
      String indent,
      Map<String, String> shapes,
      Set<String> constants,
      List<String> lines) {
    graph.getValueInfoList().forEach(v -> shapes.put(v.getName(), shape(v)));
    graph.getOutputList().forEach(v -> shapes.put(v.getName(), shape(v)));
    for (NodeProto n : graph.getNodeList()) {
      lines.add(indent + node(n, shapes, constants));
      for (AttributeProto a : n.getAttributeList()) {
        if (a.hasG()) {
          lines.add(indent + "  " + a.getName());
          nodes(a.getG(), indent + "    ", shapes, constants, lines);
        }
      }
    }
  }

  private static String node(NodeProto n, Map<String, String> shapes, Set<String> constants) {
    String attributes =
        n.getAttributeList().stream()
            .filter(a -> !a.hasG())
            .map(a -> a.getName() + "=" + value(a))
            .collect(Collectors.joining(", "));
    String read =
        n.getInputList().stream().filter(constants::contains).collect(Collectors.joining(" "));
    String written =
        n.getOutputList().stream()
            .map(o -> (o.startsWith("/") ? "" : o + " ") + shapes.getOrDefault(o, "[?]"))
            .collect(Collectors.joining("; "));
    String operator = n.getOpType() + (attributes.isEmpty() ? "" : "(" + attributes + ")");
    return n.getName() + "  " + operator + "  -> " + written + (read.isEmpty() ? "" : "  " + read);
  }

  private static String value(AttributeProto a) {
    return switch (a.getType()) {
      case INT -> Long.toString(a.getI());
      case FLOAT -> Float.toString(a.getF());
      case STRING -> a.getS().toStringUtf8();
      case INTS -> a.getIntsList().toString();
      default -> a.getType().toString();
    };
  }

  private static String initializer(TensorProto t) {
    return t.getName() + "  " + typeName(t.getDataType()) + " " + t.getDimsList();
  }

  private static String line(ValueInfoProto v) {
    TypeProto.Tensor type = v.getType().getTensorType();
    return v.getName() + "  " + typeName(type.getElemType()) + " " + shape(v);
  }

  private static String typeName(int type) {
    TensorProto.DataType known = TensorProto.DataType.forNumber(type);
    return known == null ? "type " + type : known.name().toLowerCase(Locale.ROOT);
  }

  private static String shape(ValueInfoProto v) {
    return v.getType().getTensorType().getShape().getDimList().stream()
        .map(OnnxListing::dim)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private static String dim(TensorShapeProto.Dimension d) {
    return d.hasDimValue() ? Long.toString(d.getDimValue()) : d.getDimParam();
  }
}
