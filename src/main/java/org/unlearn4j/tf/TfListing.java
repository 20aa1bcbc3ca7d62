package org.unlearn4j.tf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.TensorProto;

/**
 * A TensorFlow graph as text that a person can review and a diff can compare: a line an operation
 * in the order of construction (scope and name, type, shape, inputs). Gradient operations follow
 * from the others by rule and are only counted by type; constants and the plumbing of variables are
 * left out. The same graph always gives the same text.
 */
public final class TfListing {
  private static final String GRADIENTS = "gradients/";

  private TfListing() {}

  /** The listing of a whole graph. */
  public static String of(Graph graph) {
    Map<String, String> constants = constants(graph);
    List<String> lines = new ArrayList<>();
    Map<String, Integer> gradients = new TreeMap<>();
    for (Iterator<GraphOperation> it = graph.operations(); it.hasNext(); ) {
      GraphOperation op = it.next();
      if (op.name().startsWith(GRADIENTS)) {
        gradients.merge(op.type(), 1, Integer::sum);
      } else if (!plumbing(op)) {
        lines.add(line(op, constants));
      }
    }
    StringBuilder out = new StringBuilder("operations\n");
    lines.forEach(l -> out.append("  ").append(l).append('\n'));
    if (!gradients.isEmpty()) {
      out.append("gradient operations\n");
      gradients.forEach(
          (type, n) -> out.append("  ").append(n).append(' ').append(type).append('\n'));
    }
    return out.toString();
  }

  private static boolean plumbing(GraphOperation op) {
    return op.type().equals("Const")
        || op.type().equals("VarHandleOp")
        || op.type().equals("NoOp")
        || op.type().startsWith("Assign")
        || op.name().endsWith("/value");
  }

  /** Small constants by name, as text: an epsilon, a scale, a permutation. */
  private static Map<String, String> constants(Graph graph) {
    Map<String, String> values = new HashMap<>();
    for (NodeDef node : graph.toGraphDef().getNodeList()) {
      if (node.getOp().equals("Const")) {
        values.put(node.getName(), text(node.getAttrOrThrow("value").getTensor()));
      }
    }
    return values;
  }

  private static String text(TensorProto tensor) {
    List<String> values = new ArrayList<>();
    tensor.getFloatValList().forEach(v -> values.add(v.toString()));
    tensor.getIntValList().forEach(v -> values.add(v.toString()));
    ByteBuffer content =
        tensor.getTensorContent().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    while (content.remaining() >= Integer.BYTES) {
      values.add(
          tensor.getDtype() == DataType.DT_FLOAT
              ? Float.toString(content.getFloat())
              : Integer.toString(content.getInt()));
    }
    return values.size() == 1 ? values.get(0) : values.toString();
  }

  private static String line(GraphOperation op, Map<String, String> constants) {
    StringBuilder line = new StringBuilder(op.name()).append("  ").append(op.type());
    if (op.numOutputs() > 0) {
      line.append("  ").append(shape(op.output(0).shape()));
    }
    List<String> inputs = new ArrayList<>();
    for (Operand<?> input : op.inputs()) {
      GraphOperation from = (GraphOperation) input.asOutput().op();
      if (from.type().equals("Const")) {
        inputs.add(constants.get(from.name()));
      } else if (!from.type().equals("VarHandleOp")) {
        inputs.add(from.name());
      }
    }
    // What an operation only waits for.
    op.controlInputs().stream().map(c -> "^" + c.name()).sorted().forEach(inputs::add);
    return inputs.isEmpty() ? line.toString() : line + "  <- " + String.join(", ", inputs);
  }

  private static String shape(Shape shape) {
    if (shape.isUnknown()) {
      return "[...]";
    }
    List<String> dims = new ArrayList<>();
    for (long d : shape.asArray()) {
      dims.add(d < 0 ? "?" : Long.toString(d));
    }
    return "[" + String.join(", ", dims) + "]";
  }
}
