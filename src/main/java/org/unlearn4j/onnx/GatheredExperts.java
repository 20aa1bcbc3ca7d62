package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.unlearn4j.nn.Experts;

/**
 * A mixture of experts in operators that every runtime has: rows are sorted by expert, cut into
 * each one's, go through theirs, and are put back to be summed token by token. An expert that no
 * token goes through computes a matrix without rows, or is left out. The router stays in float32 in
 * every variant, for a rounding there sends tokens elsewhere.
 */
final class GatheredExperts {
  /** Tokens times experts that a token goes through. */
  private static final Dim PAIRS = Dim.named("routed_tokens");

  private static final List<Dim> PAIR_LIST = List.of(PAIRS);

  private final GraphBuilder g;
  private final BiFunction<Value, Experts.Expert, Value> mlp;
  private final boolean skipping;

  /**
   * Experts whose MLPs somebody else emits.
   *
   * @param skipping whether each stands in a branch that runs if a token goes through it; worth a
   *     branch where weights are made ready in each call, whatever the number of rows
   * @param mlp of an expert, on its rows
   */
  GatheredExperts(GraphBuilder g, boolean skipping, BiFunction<Value, Experts.Expert, Value> mlp) {
    this.g = g;
    this.skipping = skipping;
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
    long chosen = spec.chosen();
    List<Dim> few = List.of(Dim.TOKENS, Dim.of(chosen));
    Value kept = new Value(g.outputName(Op.TOP_K, "router", 0), DataType.FLOAT, few);
    Value choice = new Value(g.outputName(Op.TOP_K, "router", 1), DataType.INT64, few);
    g.node(Op.TOP_K, "router", last, List.of(p, g.vector(chosen)), List.of(kept, choice));
    routes.accept(choice);
    Value weights = spec.normalised() ? normalised(kept) : kept;
    Value expert = g.node(Op.RESHAPE, "sorted", Map.of(), PAIR_LIST, choice, g.vector(-1));
    Value order = places(expert);
    Value token = g.node(Op.DIV, "sorted", Map.of(), order.shape(), order, g.scalar(chosen));
    Map<String, ?> rows = Map.of("axis", 0L);
    Value sorted = g.node(Op.GATHER, "sorted", rows, List.of(PAIRS, Dim.of(x.width())), x, token);
    Value counts = counts(expert, spec.all().size());
    List<Value> own = split(sorted, counts, spec.all().size());
    List<Value> asked = skipping ? asked(counts, own.size()) : List.of();
    List<Value> made = new ArrayList<>();
    for (int i = 0; i < own.size(); i++) {
      Experts.Expert e = spec.all().get(i);
      Value in = own.get(i);
      Supplier<Value> through = () -> mlp.apply(in, e);
      Supplier<Value> rowsOfIt = skipping ? ifAny(asked.get(i), in, spec.out(), through) : through;
      made.add(g.within("expert." + i, rowsOfIt));
    }
    List<Dim> out = List.of(PAIRS, Dim.of(spec.out()));
    Value all = g.node(Op.CONCAT, "summed", rows, out, made.toArray(Value[]::new));
    Value back = g.node(Op.GATHER, "summed", rows, out, all, places(order));
    List<Dim> cube = List.of(Dim.TOKENS, Dim.of(chosen), Dim.of(spec.out()));
    Value each =
        g.node(Op.RESHAPE, "summed", Map.of(), cube, back, g.vector(-1, chosen, spec.out()));
    List<Dim> column = List.of(Dim.TOKENS, Dim.of(chosen), Dim.of(1));
    Value factor = g.node(Op.UNSQUEEZE, "summed", Map.of(), column, weights, g.vector(2));
    Value weighted = g.node(Op.MUL, "summed", Map.of(), cube, each, factor);
    return g.node(
        Op.REDUCE_SUM,
        "summed",
        Map.of("keepdims", 0L),
        List.of(Dim.TOKENS, Dim.of(spec.out())),
        weighted,
        g.vector(1));
  }

  private Value normalised(Value kept) {
    List<Dim> column = List.of(Dim.TOKENS, Dim.of(1));
    Map<String, ?> keep = Map.of("keepdims", 1L);
    Value sum = g.node(Op.REDUCE_SUM, "router", keep, column, kept, g.vector(-1));
    return g.node(Op.DIV, "router", Map.of(), kept.shape(), kept, sum);
  }

  /** Where the values would be found in ascending order; of a permutation, its inverse. */
  private Value places(Value values) {
    Value size = g.node(Op.SHAPE, "sorted", Map.of(), DataType.INT64, List.of(Dim.of(1)), values);
    Value ascending = new Value(g.outputName(Op.TOP_K, "sorted", 0), DataType.INT64, PAIR_LIST);
    Value places = new Value(g.outputName(Op.TOP_K, "sorted", 1), DataType.INT64, PAIR_LIST);
    Map<String, ?> smallest = Map.of("axis", 0L, "largest", 0L);
    g.node(Op.TOP_K, "sorted", smallest, List.of(values, size), List.of(ascending, places));
    return places;
  }

  /** Rows that go through an expert; where there are none, they are as they are. */
  private Supplier<Value> ifAny(Value asked, Value in, long width, Supplier<Value> through) {
    List<Dim> out = List.of(in.shape().get(0), Dim.of(width));
    Supplier<Value> none = () -> g.node(Op.IDENTITY, "none", Map.of(), in.shape(), in);
    return () -> g.either("", asked, out, through, none);
  }

  /** Whether any token goes through each expert, {@code [1]} each. */
  private List<Value> asked(Value counts, int experts) {
    Map<String, ?> truth = Map.of("to", (long) DataType.BOOL.getNumber());
    Value all = g.node(Op.CAST, "asked", truth, DataType.BOOL, counts.shape(), counts);
    List<Value> each = new ArrayList<>();
    for (int i = 0; i < experts; i++) {
      Map<String, ?> rows = Map.of("axis", 0L);
      List<Dim> one = List.of(Dim.of(1));
      each.add(g.node(Op.GATHER, "asked", rows, DataType.BOOL, one, all, g.vector(i)));
    }
    return each;
  }

  /** How many rows each expert has. */
  private Value counts(Value expert, int experts) {
    Value column =
        g.node(Op.UNSQUEEZE, "sorted", Map.of(), List.of(PAIRS, Dim.of(1)), expert, g.vector(1));
    Value numbers = g.vector(LongStream.range(0, experts).toArray());
    List<Dim> table = List.of(PAIRS, Dim.of(experts));
    Value hits = g.node(Op.EQUAL, "sorted", Map.of(), DataType.BOOL, table, column, numbers);
    Map<String, ?> whole = Map.of("to", (long) DataType.INT64.getNumber());
    Value ones = g.node(Op.CAST, "sorted", whole, DataType.INT64, table, hits);
    List<Dim> each = List.of(Dim.of(experts));
    return g.node(Op.REDUCE_SUM, "sorted", Map.of("keepdims", 0L), each, ones, g.vector(0));
  }

  /** The rows of each expert, of rows that are sorted by expert. */
  private List<Value> split(Value sorted, Value counts, int experts) {
    List<Value> own = new ArrayList<>();
    for (int i = 0; i < experts; i++) {
      String name = g.outputName(Op.SPLIT, "sorted", i);
      // A name of its own: runtimes take what is called alike for equally long.
      Dim rows = Dim.named(name + "_tokens");
      own.add(new Value(name, sorted.type(), List.of(rows, Dim.of(sorted.width()))));
    }
    g.node(Op.SPLIT, "sorted", Map.of("axis", 0L), List.of(sorted, counts), own);
    return own;
  }
}
