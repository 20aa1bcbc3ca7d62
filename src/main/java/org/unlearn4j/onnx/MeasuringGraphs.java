package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Two graphs cut out of a deployed file, node for node and weight for weight, that measure it
 * without moving logits out of the runtime: the <em>body</em> ends in the hidden states at chosen
 * positions and in pooled features, the <em>head</em> turns hidden states into what evaluation
 * wants to know of each label. So the vocabulary projection runs on labelled positions alone, in
 * chunks.
 *
 * @param body inputs: the file's own, {@code measure.prompt} int64 [batch] (which row of the past
 *     keys and values each row reads, so that several can follow one prompt), {@code
 *     measure.positions} int64 [n] (flat indices into batch times time) and {@code measure.weights}
 *     float [batch, 1, time]; outputs: {@code measure.rows} [n, hidden], {@code measure.pooled}
 *     [batch, layers + 2, hidden], hidden states summed with those weights, where tokens are sent
 *     to experts {@code measure.routes} int64 [batch times time, blocks times chosen], and the
 *     file's own {@code present.*}
 * @param head inputs: {@code hidden.final_norm} [n, hidden] and {@code measure.labels} int64 [n,
 *     1]; outputs, each [n]: {@code measure.log_prob}, {@code measure.argmax} int64, {@code
 *     measure.mean} and {@code measure.variance} of the log-probabilities
 */
record MeasuringGraphs(ModelProto body, ModelProto head) {
  static final String PROMPT = "measure.prompt";
  static final String POSITIONS = "measure.positions";
  static final String WEIGHTS = "measure.weights";
  static final String ROWS = "measure.rows";
  static final String POOLED = "measure.pooled";
  static final String ROUTES = "measure.routes";
  static final String LABELS = "measure.labels";
  static final String LOG_PROB = "measure.log_prob";
  static final String ARGMAX = "measure.argmax";
  static final String MEAN = "measure.mean";
  static final String VARIANCE = "measure.variance";

  private static final Dim N = Dim.named("labelled");
  private static final Dim HIDDEN = Dim.named("hidden_size");
  private static final Dim VOCAB = Dim.named("vocab_size");

  /** Cuts a file; empty if it lacks the names that this project's exporter gives. */
  static Optional<MeasuringGraphs> of(ModelProto model) {
    GraphProto graph = model.getGraph();
    Set<String> values = Subgraph.computed(graph);
    if (!values.containsAll(
        List.of(DecoderGraph.EMBEDDINGS, DecoderGraph.FINAL_NORM, DecoderGraph.LOGIT_ROWS))) {
      return Optional.empty();
    }
    List<String> hidden = new ArrayList<>(List.of(DecoderGraph.EMBEDDINGS));
    for (int i = 0; values.contains(DecoderGraph.block(i)); i++) {
      hidden.add(DecoderGraph.block(i));
    }
    hidden.add(DecoderGraph.FINAL_NORM);
    List<String> routes = new ArrayList<>();
    for (int i = 0; values.contains(DecoderGraph.routes(i)); i++) {
      routes.add(DecoderGraph.routes(i));
    }
    List<ValueInfoProto> presents =
        graph.getOutputList().stream()
            .filter(o -> o.getName().startsWith(KeyValueCache.PRESENT))
            .toList();
    GraphProto body =
        Subgraph.join(forward(graph, hidden, routes, presents), pooling(hidden, routes)).toBuilder()
            .addAllOutput(presents)
            .build();
    GraphProto head =
        Subgraph.join(
            projection(graph, values.contains(DecoderGraph.LAST))
                .addInput(
                    new Value(DecoderGraph.FINAL_NORM, DataType.FLOAT, List.of(N, HIDDEN)).proto()),
            scoring());
    return Optional.of(
        new MeasuringGraphs(
            model.toBuilder().setGraph(body).build(), model.toBuilder().setGraph(head).build()));
  }

  /**
   * The nodes between the final norm and logits; of a file whose head reads the last position, the
   * same head on all of them.
   */
  private static GraphProto.Builder projection(GraphProto graph, boolean last) {
    String read = last ? DecoderGraph.LAST : DecoderGraph.FINAL_NORM;
    GraphProto.Builder part =
        Subgraph.needed(graph, List.of(DecoderGraph.LOGIT_ROWS), Set.of(read));
    if (!last) {
      return part;
    }
    GraphProto.Builder all = part.clone().clearNode();
    for (NodeProto node : part.getNodeList()) {
      NodeProto.Builder reading = node.toBuilder().clearInput();
      node.getInputList()
          .forEach(name -> reading.addInput(name.equals(read) ? DecoderGraph.FINAL_NORM : name));
      all.addNode(reading);
    }
    return all;
  }

  /** Whether the body tells which experts tokens go through. */
  boolean routed() {
    return body.getGraph().getOutputList().stream().anyMatch(o -> o.getName().equals(ROUTES));
  }

  /** All blocks; rows read the past of the prompt that they follow. */
  private static GraphProto.Builder forward(
      GraphProto graph, List<String> hidden, List<String> routes, List<ValueInfoProto> presents) {
    List<String> values = new ArrayList<>(hidden);
    values.addAll(routes);
    presents.forEach(p -> values.add(p.getName()));
    GraphProto.Builder part = Subgraph.needed(graph, values, Set.of());
    List<String> pasts =
        part.getInputList().stream()
            .map(ValueInfoProto::getName)
            .filter(name -> name.startsWith(KeyValueCache.PAST))
            .toList();
    return pasts.isEmpty()
        ? part
        : Subgraph.rowsOf(part, pasts, PROMPT)
            .addInput(new Value(PROMPT, DataType.INT64, List.of(Dim.BATCH)).proto());
  }

  private static GraphProto pooling(List<String> hidden, List<String> routes) {
    GraphBuilder g = new GraphBuilder(GraphForm.OLDER);
    return g.within(
        "measure",
        () -> {
          Value ids = g.input("input_ids", DataType.INT64, Dim.BATCH, Dim.TIME);
          Value positions = g.input(POSITIONS, DataType.INT64, N);
          Value weights = g.input(WEIGHTS, DataType.FLOAT, Dim.BATCH, Dim.of(1), Dim.TIME);
          Value pair = g.node(Op.SHAPE, "", Map.of(), DataType.INT64, List.of(Dim.of(2)), ids);
          Value shape =
              g.node(Op.CONCAT, "", Map.of("axis", 0L), List.of(Dim.of(3)), pair, g.vector(-1));
          List<Value> means = new ArrayList<>();
          Value last = null;
          for (String name : hidden) {
            last = g.input(name, DataType.FLOAT, Dim.TOKENS, HIDDEN);
            List<Dim> cube = List.of(Dim.BATCH, Dim.TIME, HIDDEN);
            Value sequence = g.node(Op.RESHAPE, name, Map.of(), cube, last, shape);
            List<Dim> mean = List.of(Dim.BATCH, Dim.of(1), HIDDEN);
            means.add(g.node(Op.MAT_MUL, name, Map.of(), mean, weights, sequence));
          }
          Value pooled =
              g.node(
                  Op.CONCAT,
                  "pooled",
                  Map.of("axis", 1L),
                  List.of(Dim.BATCH, Dim.of(hidden.size()), HIDDEN),
                  means.toArray(Value[]::new));
          Value rows =
              g.node(Op.GATHER, "rows", Map.of("axis", 0L), List.of(N, HIDDEN), last, positions);
          name(g, rows, ROWS);
          name(g, pooled, POOLED);
          if (!routes.isEmpty()) {
            name(g, sideBySide(g, routes), ROUTES);
          }
          return g.build("body").build();
        });
  }

  private static Value sideBySide(GraphBuilder g, List<String> routes) {
    Dim chosen = Dim.named("chosen");
    Value[] each =
        routes.stream()
            .map(name -> g.input(name, DataType.INT64, Dim.TOKENS, chosen))
            .toArray(Value[]::new);
    List<Dim> all = List.of(Dim.TOKENS, Dim.named("all_chosen"));
    return g.node(Op.CONCAT, "routes", Map.of("axis", 1L), DataType.INT64, all, each);
  }

  private static GraphProto scoring() {
    GraphBuilder g = new GraphBuilder(GraphForm.OLDER);
    return g.within(
        "measure",
        () -> {
          Value logits = g.input(DecoderGraph.LOGIT_ROWS, DataType.FLOAT, N, VOCAB);
          Value labels = g.input(LABELS, DataType.INT64, N, Dim.of(1));
          List<Dim> full = List.of(N, VOCAB);
          Map<String, ?> axis = Map.of("axis", -1L);
          Value logProbs = g.node(Op.LOG_SOFTMAX, "", axis, full, logits);
          Value picked =
              g.node(Op.GATHER_ELEMENTS, "", axis, List.of(N, Dim.of(1)), logProbs, labels);
          Value logProb = g.node(Op.RESHAPE, "", Map.of(), List.of(N), picked, g.vector(-1));
          Map<String, ?> first = Map.of("axis", -1L, "keepdims", 0L);
          Value argmax = g.node(Op.ARG_MAX, "", first, DataType.INT64, List.of(N), logits);
          Value probs = g.node(Op.EXP, "", Map.of(), full, logProbs);
          Value mean = expectation(g, "mean", probs, logProbs);
          List<Dim> column = List.of(N, Dim.of(1));
          Value center = g.node(Op.UNSQUEEZE, "mean", Map.of(), column, mean, g.vector(1));
          // Deviations first, then squares: E[x^2] - E[x]^2 would cancel in float32.
          Value deviation = g.node(Op.SUB, "variance", Map.of(), full, logProbs, center);
          Value square = g.node(Op.MUL, "square", Map.of(), full, deviation, deviation);
          Value variance = expectation(g, "variance", probs, square);
          name(g, logProb, LOG_PROB);
          name(g, argmax, ARGMAX);
          name(g, mean, MEAN);
          name(g, variance, VARIANCE);
          return g.build("head").build();
        });
  }

  /** Sum over the vocabulary of p times x, [n]. */
  private static Value expectation(GraphBuilder g, String label, Value probs, Value x) {
    Value weighted = g.node(Op.MUL, label, Map.of(), probs.shape(), probs, x);
    return g.node(Op.REDUCE_SUM, label, Map.of("keepdims", 0L), List.of(N), weighted, g.vector(-1));
  }

  private static void name(GraphBuilder g, Value value, String name) {
    g.rename(value, name);
    g.output(value);
  }
}
