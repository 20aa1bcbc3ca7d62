package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.unlearn4j.nn.Experts;

/**
 * A mixture of experts in operators that every runtime has: the rows of each expert are gathered,
 * go through it, and are added where they came from. An expert that no token goes through computes
 * a matrix without rows. The router stays in float32 in every variant, for a rounding there sends
 * tokens elsewhere.
 */
final class GatheredExperts {
  private final GraphBuilder g;
  private final BiFunction<Value, Experts.Expert, Value> mlp;

  /**
   * Experts whose MLPs somebody else emits.
   *
   * @param mlp of an expert, on its rows
   */
  GatheredExperts(GraphBuilder g, BiFunction<Value, Experts.Expert, Value> mlp) {
    this.g = g;
    this.mlp = mlp;
  }

  /**
   * Emits them.
   *
   * @param x {@code [tokens, in]}
   * @param logits of the router, {@code [tokens, experts]}
   * @param routes told which experts each token goes through, {@code [tokens, chosen]}
   * @return {@code [tokens, out]}
   */
  Value emit(Value x, Value logits, Experts spec, Consumer<Value> routes) {
    Map<String, ?> last = Map.of("axis", -1L);
    Value p = g.node(Op.SOFTMAX, "router", last, logits.shape(), logits);
    List<Dim> few = List.of(Dim.TOKENS, Dim.of(spec.chosen()));
    Value kept = new Value(g.outputName(Op.TOP_K, "router", 0), DataType.FLOAT, few);
    Value choice = new Value(g.outputName(Op.TOP_K, "router", 1), DataType.INT64, few);
    g.node(Op.TOP_K, "router", last, List.of(p, g.vector(spec.chosen())), List.of(kept, choice));
    routes.accept(choice);
    Value weights = spec.normalised() ? normalised(kept) : kept;
    List<Dim> out = List.of(Dim.TOKENS, Dim.of(spec.out()));
    Value sum = g.node(Op.MUL, "nothing", Map.of(), out, x, g.scalar(0f));
    for (int i = 0; i < spec.all().size(); i++) {
      sum = added(sum, x, weights, choice, spec, i);
    }
    return sum;
  }

  private Value normalised(Value kept) {
    List<Dim> column = List.of(Dim.TOKENS, Dim.of(1));
    Map<String, ?> keep = Map.of("keepdims", 1L);
    Value sum = g.node(Op.REDUCE_SUM, "router", keep, column, kept, g.vector(-1));
    return g.node(Op.DIV, "router", Map.of(), kept.shape(), kept, sum);
  }

  /** The sum so far with what one expert makes of its tokens. */
  private Value added(Value sum, Value x, Value weights, Value choice, Experts spec, int expert) {
    String label = "expert." + expert;
    // A name of its own: runtimes take what is called alike for equally long.
    Dim own = Dim.named(g.outputName(Op.NON_ZERO, label, 0) + "_tokens");
    Value hits =
        g.node(
            Op.EQUAL,
            label,
            Map.of(),
            DataType.BOOL,
            choice.shape(),
            choice,
            g.scalar((long) expert));
    List<Dim> places = List.of(Dim.of(2), own);
    Value where = g.node(Op.NON_ZERO, label, Map.of(), DataType.INT64, places, hits);
    Map<String, ?> first = Map.of("axis", 0L);
    Value rows = g.node(Op.GATHER, label, first, List.of(own), where, g.scalar(0L));
    Value pairs =
        g.node(
            Op.TRANSPOSE, label, Map.of("perm", new long[] {1, 0}), List.of(own, Dim.of(2)), where);
    Value gathered = g.node(Op.GATHER, label, first, List.of(own, Dim.of(x.width())), x, rows);
    Value weight = g.node(Op.GATHER_ND, label, Map.of(), List.of(own), weights, pairs);
    List<Dim> column = List.of(own, Dim.of(1));
    Value factor = g.node(Op.UNSQUEEZE, label, Map.of(), column, weight, g.vector(1));
    Value made = g.within(label, () -> mlp.apply(gathered, spec.all().get(expert)));
    Value weighted = g.node(Op.MUL, label, Map.of(), made.shape(), made, factor);
    Value at = g.node(Op.UNSQUEEZE, label, Map.of(), column, rows, g.vector(1));
    Map<String, ?> add = Map.of("reduction", "add");
    return g.node(Op.SCATTER_ND, label, add, sum.shape(), sum, at, weighted);
  }
}
