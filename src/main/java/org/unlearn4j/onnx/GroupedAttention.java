package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.ModelConfig;

/**
 * Attention by com.microsoft.GroupQueryAttention. Its past may be longer than what is in it, and
 * its present may be the same memory, so that a client allocates the cache once and nothing is
 * copied.
 *
 * <p>The operator is told that each row has all columns, and which of them it sees by a bias: so
 * padding is masked wherever it stands, and windows mean what {@link CausalMask} says. Its own
 * count of tokens a row would take padding on the left for tokens. It computes in one number
 * format, that of the cache.
 *
 * <p>Source: ONNX Runtime's contrib operators, and the CPU kernel.
 */
final class GroupedAttention {
  /** Sizes of a head that the operator takes. */
  static final int MULTIPLE = 8;

  /**
   * What blocks a key: far below any score, and, unlike the lowest number, not beyond float16 when
   * a score is added.
   */
  private static final float BLOCKED = -32768;

  private static final List<Dim> PAIR = List.of(Dim.of(2));
  private static final List<Dim> SINGLE = List.of(Dim.of(1));

  private final GraphBuilder g;
  private final Casts casts;
  private final Value attentionMask;
  private final Map<Value, Value> bounded = new HashMap<>();
  private List<Value> lengths;

  /**
   * The operators of one graph.
   *
   * @param attentionMask {@code [batch, total]}
   */
  GroupedAttention(GraphBuilder g, Casts casts, Value attentionMask) {
    this.g = g;
    this.casts = casts;
    this.attentionMask = attentionMask;
  }

  /** Whether it, and nothing else, makes the cache of a graph. */
  static boolean in(GraphProto graph) {
    Set<String> made =
        graph.getNodeList().stream()
            .filter(n -> n.getOpType().equals(Op.GROUP_QUERY_ATTENTION.type()))
            .flatMap(n -> n.getOutputList().stream())
            .collect(Collectors.toSet());
    return !made.isEmpty()
        && graph.getOutputList().stream()
            .map(ValueInfoProto::getName)
            .filter(name -> name.startsWith(KeyValueCache.PRESENT))
            .allMatch(made::contains);
  }

  /**
   * Insists that the operator takes heads of a model's size.
   *
   * @throws UserException naming the size if it does not
   */
  static void require(ModelConfig config, String model) {
    if (config.headDim() % MULTIPLE != 0) {
      throw new UserException(
          model
              + ", config.json: found heads of "
              + config.headDim()
              + " features beside attention grouped, whose operator needs a multiple of "
              + MULTIPLE
              + ", expected attention standard.");
    }
  }

  /**
   * Emits the layer.
   *
   * @param qkv queries, keys and values, {@code [batch, time, features]} each, float32
   * @param mask {@code [batch, 1, time, total]}, float32
   * @param past keys and values so far, {@code [batch, kvHeads, past, headDim]} each
   * @param present the names and shapes of what the cache becomes
   * @return {@code [batch, time, heads * headDim]}, float32
   */
  Value emit(Attention a, List<Value> qkv, Value mask, List<Value> past, List<Value> present) {
    boolean half = past.get(0).type() == DataType.FLOAT16;
    List<Value> in = new ArrayList<>();
    qkv.forEach(v -> in.add(half ? casts.half(v) : v));
    in.addAll(past);
    in.addAll(lengths());
    in.addAll(List.of(Value.NONE, Value.NONE, Value.NONE)); // cosines, sines, positions
    Value bias = bounded.computeIfAbsent(mask, m -> g.atRoot(() -> bounded(m)));
    in.add(half ? g.atRoot(() -> casts.half(bias)) : bias);
    a.sinks()
        .map(s -> g.initializer(Initializer.of(s, DataType.FLOAT)))
        .ifPresent(s -> in.add(half ? casts.half(s) : s));
    Map<String, Object> attributes = new HashMap<>();
    attributes.put("num_heads", (long) a.heads());
    attributes.put("kv_num_heads", (long) a.kvHeads());
    attributes.put("scale", (float) a.scale());
    a.softcap().ifPresent(cap -> attributes.put("softcap", (float) cap));
    Value out =
        new Value(
            g.outputName(Op.GROUP_QUERY_ATTENTION, "", 0), in.get(0).type(), qkv.get(0).shape());
    g.node(
        Op.GROUP_QUERY_ATTENTION, "", attributes, in, List.of(out, present.get(0), present.get(1)));
    return casts.wide(out);
  }

  private Value bounded(Value mask) {
    return g.node(Op.MAX, "mask", Map.of(), mask.shape(), mask, g.scalar(BLOCKED));
  }

  /**
   * Each row's last column, int32 {@code [batch]}, and the number of columns, int32 {@code [1]}.
   */
  private List<Value> lengths() {
    if (lengths == null) {
      lengths = g.atRoot(() -> g.within("lengths", this::columns));
    }
    return lengths;
  }

  private List<Value> columns() {
    Value shape = g.node(Op.SHAPE, "", Map.of(), DataType.INT64, PAIR, attentionMask);
    Map<String, ?> axis = Map.of("axis", 0L);
    Value rows = g.node(Op.GATHER, "rows", axis, SINGLE, shape, g.vector(0));
    Value total = g.node(Op.GATHER, "total", axis, SINGLE, shape, g.vector(1));
    Value last = g.node(Op.SUB, "last", Map.of(), SINGLE, total, g.vector(1));
    Value each = g.node(Op.EXPAND, "last", Map.of(), List.of(Dim.BATCH), last, rows);
    return List.of(narrow("last", each), narrow("total", total));
  }

  private Value narrow(String label, Value x) {
    Map<String, ?> to = Map.of("to", (long) DataType.INT32.getNumber());
    return g.node(Op.CAST, label, to, DataType.INT32, x.shape(), x);
  }
}
