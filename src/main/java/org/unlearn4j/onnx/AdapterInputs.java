package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.nn.Linear;

/**
 * Low-rank products beside linear maps, whose factors are optional inputs of the graph: {@code y +
 * (x A) B} with A {@code [in, rank]} and B {@code [rank, out]}, both float32 whatever the variant.
 * A scale is a factor of B. Where nothing is fed, the rank is 0, the product of matrices without
 * values is zero, and y is what it is without an adapter.
 */
final class AdapterInputs {
  private static final String DOWN = ".lora_A";
  private static final String UP = ".lora_B";

  private final GraphBuilder g;
  private final Set<String> modules;

  /**
   * Inputs for some linear maps.
   *
   * @param modules names of their modules
   */
  AdapterInputs(GraphBuilder g, Set<String> modules) {
    this.g = g;
    this.modules = Set.copyOf(modules);
  }

  /** The input for A of a linear map. */
  static String down(String module) {
    return module + DOWN;
  }

  /** The input for B of a linear map. */
  static String up(String module) {
    return module + UP;
  }

  /**
   * What a linear map gives, with the product of its adapter where it has inputs for one.
   *
   * @param x float32 {@code [tokens, in]}
   * @param y float32 {@code [tokens, out]}
   */
  Value added(String label, Value x, Linear linear, Value y) {
    String module = linear.module();
    if (!modules.contains(module)) {
      return y;
    }
    // A name for each module: an adapter may leave some out, and runtimes take what is called alike
    // for equally long.
    Dim rank = Dim.named(module + ".rank");
    Value a = g.optionalInput(down(module), DataType.FLOAT, List.of(Dim.of(linear.in()), rank));
    Value b = g.optionalInput(up(module), DataType.FLOAT, List.of(rank, Dim.of(linear.out())));
    List<Dim> narrow = List.of(x.shape().get(0), rank);
    Value inner = g.node(Op.MAT_MUL, label + DOWN, Map.of(), narrow, x, a);
    Value outer = g.node(Op.MAT_MUL, label + UP, Map.of(), y.shape(), inner, b);
    return g.node(Op.ADD, label + ".lora", Map.of(), y.shape(), y, outer);
  }
}
