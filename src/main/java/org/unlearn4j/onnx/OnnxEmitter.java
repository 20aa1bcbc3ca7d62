package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.unlearn4j.nn.Activation;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.ClampedGate;
import org.unlearn4j.nn.Emitter;
import org.unlearn4j.nn.Experts;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Norm;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.nn.Rotary;

/**
 * Emits a decoder as ONNX nodes. How linear maps and tables are stored is the variant's business
 * ({@link LinearMaps}), which operators stand for a word that of the operator set ({@link Words}).
 *
 * <p>Activations are flat, {@code [tokens, width]} with {@code tokens = batch * time}; around
 * attention they are {@code [batch, time, width]}. So a linear map is one {@code Gemm}, which reads
 * {@code [out, in]} and {@code [in, out]} matrices alike: in float formats every initializer has
 * not only the name but the very shape of its safetensors entry, and a tied table is stored once,
 * read by a {@code Gather} and a {@code Gemm}. ONNX Runtime packs a constant matrix once at load,
 * and {@code Gemm} was measured as fast as {@code MatMul} on a transposed copy.
 *
 * <p>Arguments are checked when a node is built; what does not fit is an {@link
 * IllegalArgumentException} that names the node.
 */
public final class OnnxEmitter implements Emitter<Value> {

  private final GraphBuilder g;
  private final GraphForm form;
  private final Casts casts;
  private final LinearMaps maps;
  private final AdapterInputs adapters;
  private final Words words;
  private final Value ids;
  private final Value positions;
  private final CausalMask mask;
  private final GroupedAttention grouped;
  private final Map<Value, Value> rows = new HashMap<>();
  private final Map<Value, Value> sequences = new HashMap<>();
  private final RotaryTables rotaryTables;
  private final List<Value> presents = new ArrayList<>();
  private final List<Value> routes = new ArrayList<>();

  /**
   * Declares the inputs that every decoder has.
   *
   * @param maxPositions longest sequence; a later position is an error at run time
   */
  OnnxEmitter(int maxPositions, GraphForm form) {
    this(maxPositions, false, form, Set.of());
  }

  /**
   * The same with optional inputs for adapters.
   *
   * @param tied whether the head reads the token table
   * @param adapted modules of the linear maps that adapters may be added to
   */
  OnnxEmitter(int maxPositions, boolean tied, GraphForm form, Set<String> adapted) {
    this.g = new GraphBuilder(form.opset());
    this.form = form;
    this.casts = new Casts(g);
    this.maps = new LinearMaps(g, form, casts, tied);
    this.adapters = new AdapterInputs(g, adapted);
    this.words = Words.of(g, form.opset());
    this.ids = g.input("input_ids", DataType.INT64, Dim.BATCH, Dim.TIME);
    Value attentionMask = g.input("attention_mask", DataType.INT64, Dim.BATCH, Dim.TOTAL);
    this.positions = g.input("position_ids", DataType.INT64, Dim.BATCH, Dim.TIME);
    this.mask = new CausalMask(g, ids, attentionMask);
    this.grouped = new GroupedAttention(g, casts, attentionMask);
    this.rotaryTables = new RotaryTables(g, maxPositions, positions, attentionMask);
  }

  /** Token ids, {@code [batch, time]}. */
  public Value ids() {
    return ids;
  }

  GraphBuilder graph() {
    return g;
  }

  /** Keys and values for the next call, key before value, layer by layer. */
  List<Value> presents() {
    return presents;
  }

  /** Experts of each token, {@code [tokens, chosen]}, block by block. */
  List<Value> routes() {
    return routes;
  }

  @Override
  public <R> R within(String scope, Supplier<R> body) {
    return g.within(scope, body);
  }

  @Override
  public Value embedding(Value tokens, Parameter table) {
    return maps.tokenRows(module(table), flat(tokens, table), table);
  }

  @Override
  public Value positionEmbedding(Parameter table) {
    return maps.rows(module(table), flat(positions, table), table);
  }

  /** Indices into a table as one vector. */
  private Value flat(Value index, Parameter table) {
    String label = module(table);
    require(label, index.type() == DataType.INT64, "index " + index, "int64");
    require(label, table.shape().size() == 2, "table " + table.shape(), "[size, width]");
    return g.node(Op.RESHAPE, label, Map.of(), List.of(Dim.TOKENS), index, g.vector(-1));
  }

  @Override
  public Value linear(Value x, Linear linear) {
    String label = module(linear.weight());
    Value flat = rows(x);
    width(label, flat, linear.in());
    return adapters.added(label, flat, linear, maps.apply(label, flat, linear));
  }

  @Override
  public Value rmsNorm(Value x, Norm norm) {
    String label = module(norm.weight());
    width(label, x, norm.size());
    Value gain = weight(norm.weight());
    if (norm.plusOne()) {
      gain = g.node(Op.ADD, label, Map.of(), gain.shape(), gain, g.scalar(1f));
    }
    return words.rmsNorm(label, x, gain, norm.epsilon());
  }

  @Override
  public Value headNorm(Value x, int heads, Norm norm) {
    String label = module(norm.weight());
    Value flat = rows(x);
    width(label, flat, (long) heads * norm.size());
    List<Dim> cube = List.of(Dim.TOKENS, Dim.of(heads), Dim.of(norm.size()));
    Value sizes = g.vector(-1, heads, norm.size());
    Value byHead = g.node(Op.RESHAPE, label, Map.of(), cube, flat, sizes);
    return g.node(
        Op.RESHAPE, label, Map.of(), flat.shape(), rmsNorm(byHead, norm), g.vector(-1, x.width()));
  }

  @Override
  public Value layerNorm(Value x, Norm norm) {
    String label = module(norm.weight());
    width(label, x, norm.size());
    List<Value> in = new ArrayList<>(List.of(x, weight(norm.weight())));
    norm.bias().ifPresent(b -> in.add(weight(b)));
    Map<String, ?> attributes = Map.of("axis", -1L, "epsilon", (float) norm.epsilon());
    return g.node(Op.LAYER_NORMALIZATION, label, attributes, x.shape(), in.toArray(Value[]::new));
  }

  @Override
  public Value rotary(Value x, int heads, Rotary rotary) {
    Value sequence = sequence(x);
    width("rotary embedding", sequence, (long) heads * rotary.headDim());
    return words.rotary(
        sequence, heads, rotary, rotaryTables.of(rotary), rotaryTables.rows(rotary));
  }

  @Override
  public Value attention(Value q, Value k, Value v, Attention a) {
    width("attention queries", q, (long) a.heads() * a.headDim());
    width("attention keys", k, (long) a.kvHeads() * a.headDim());
    width("attention values", v, (long) a.kvHeads() * a.headDim());
    require("attention", a.heads() % a.kvHeads() == 0, a.heads() + " heads", "k * " + a.kvHeads());
    Dim heads = Dim.of(a.kvHeads());
    Dim size = Dim.of(a.headDim());
    String past = "past_key_values." + a.layer();
    List<Value> in = new ArrayList<>();
    List<Value> out = new ArrayList<>();
    for (String what : List.of("key", "value")) {
      List<Dim> cache = List.of(Dim.BATCH, heads, Dim.TOTAL, size);
      in.add(g.input(past + "." + what, cacheType(), Dim.BATCH, heads, Dim.PAST, size));
      out.add(new Value("present." + a.layer() + "." + what, cacheType(), cache));
    }
    presents.addAll(out);
    List<Value> qkv = List.of(sequence(q), sequence(k), sequence(v));
    if (form.choices().grouped()) {
      return grouped.emit(a, qkv, mask.of(a.window()), in, out);
    }
    if (cacheType() == DataType.FLOAT) {
      return words.attention(a, qkv, mask.of(a.window()), in, out);
    }
    return throughHalves(a, qkv, in, out);
  }

  private DataType cacheType() {
    return form.variant().half() ? DataType.FLOAT16 : DataType.FLOAT;
  }

  /**
   * Attention in float32 over a cache in float16. Keys and values are rounded before they are used
   * for the first time, so that it makes no difference whether they come from this call or from the
   * cache.
   */
  private Value throughHalves(Attention a, List<Value> qkv, List<Value> past, List<Value> present) {
    List<Value> wide = new ArrayList<>();
    present.forEach(v -> wide.add(new Value(v.name() + ".float32", DataType.FLOAT, v.shape())));
    Value out =
        words.attention(
            a,
            List.of(qkv.get(0), rounded(qkv.get(1)), rounded(qkv.get(2))),
            mask.of(a.window()),
            past.stream().map(casts::wide).toList(),
            wide);
    casts.into(wide.get(0), present.get(0));
    casts.into(wide.get(1), present.get(1));
    return out;
  }

  private Value rounded(Value x) {
    return casts.wide(casts.half(x));
  }

  @Override
  public Value experts(Value x, Experts experts) {
    Value flat = rows(x);
    width("router", flat, experts.router().in());
    require("experts", x.width() == experts.out(), "width " + x.width(), "" + experts.out());
    Linear router = experts.router();
    String label = module(router.weight());
    Value logits = adapters.added(label, flat, router, maps.exact(label, flat, router));
    return new GatheredExperts(g, maps.widened(), (own, e) -> experts.emit(this, own, e))
        .emit(flat, logits, experts, routes::add);
  }

  @Override
  public Value clampedGate(Value gate, Value up, ClampedGate form) {
    return g.within("clamped_gate", () -> SpelledOutWords.clampedGate(g, gate, up, form));
  }

  @Override
  public Value activation(Value x, Activation f) {
    return switch (f) {
      case SILU -> multiply(x, unary(Op.SIGMOID, x));
      case GELU -> words.gelu(x, false);
      case GELU_TANH -> words.gelu(x, true);
      case RELU -> unary(Op.RELU, x);
    };
  }

  private Value unary(Op op, Value x) {
    return g.node(op, "", Map.of(), x.shape(), x);
  }

  @Override
  public Value add(Value a, Value b) {
    return elementwise(Op.ADD, a, b);
  }

  @Override
  public Value multiply(Value a, Value b) {
    return elementwise(Op.MUL, a, b);
  }

  private Value elementwise(Op op, Value a, Value b) {
    width(op.type(), b, a.width());
    Value left = rows(a);
    return g.node(op, "", Map.of(), left.shape(), left, rows(b));
  }

  @Override
  public Value scale(Value x, double factor) {
    return g.node(Op.MUL, "", Map.of(), x.shape(), x, g.scalar((float) factor));
  }

  @Override
  public Value softcap(Value x, double cap) {
    Value limit = g.scalar((float) cap);
    Value squashed = unary(Op.TANH, g.node(Op.DIV, "", Map.of(), x.shape(), x, limit));
    return g.node(Op.MUL, "", Map.of(), x.shape(), squashed, limit);
  }

  @Override
  public List<Value> split(Value x, int... sizes) {
    Value flat = rows(x);
    width("split", flat, Arrays.stream(sizes).sum());
    return splitLast(flat, sizes);
  }

  @Override
  public List<Value> splitHeads(Value x, int heads, int... sizes) {
    Value flat = rows(x);
    int all = Arrays.stream(sizes).sum();
    width("split", flat, (long) heads * all);
    List<Dim> cube = List.of(Dim.TOKENS, Dim.of(heads), Dim.of(all));
    Value byHead = g.node(Op.RESHAPE, "", Map.of(), cube, flat, g.vector(-1, heads, all));
    List<Value> parts = new ArrayList<>();
    for (Value part : splitLast(byHead, sizes)) {
      long width = heads * part.width();
      List<Dim> shape = List.of(Dim.TOKENS, Dim.of(width));
      parts.add(g.node(Op.RESHAPE, "", Map.of(), shape, part, g.vector(-1, width)));
    }
    return parts;
  }

  private List<Value> splitLast(Value x, int... sizes) {
    List<Value> parts = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      List<Dim> shape = new ArrayList<>(x.shape());
      shape.set(x.rank() - 1, Dim.of(sizes[i]));
      parts.add(new Value(g.outputName(Op.SPLIT, "", i), x.type(), shape));
    }
    Value lengths = g.vector(Arrays.stream(sizes).asLongStream().toArray());
    g.node(Op.SPLIT, "", Map.of("axis", -1L), List.of(x, lengths), parts);
    return parts;
  }

  /** The value as {@code [tokens, width]}. */
  Value rows(Value x) {
    if (x.rank() == 2) {
      return x;
    }
    Value known = rows.get(x);
    if (known == null) {
      List<Dim> shape = List.of(Dim.TOKENS, Dim.of(x.width()));
      known = g.node(Op.RESHAPE, "", Map.of(), shape, x, g.vector(-1, x.width()));
      rows.put(x, known);
    }
    return known;
  }

  /** The value as {@code [batch, time, width]}. */
  Value sequence(Value x) {
    if (x.rank() == 3) {
      return x;
    }
    Value known = sequences.get(x);
    if (known == null) {
      List<Dim> shape = List.of(Dim.BATCH, Dim.TIME, Dim.of(x.width()));
      known = g.node(Op.RESHAPE, "", Map.of(), shape, x, batchTime());
      sequences.put(x, known);
    }
    return known;
  }

  /** The last position of each row, {@code [batch, width]}. */
  Value lastPosition(Value x) {
    List<Dim> shape = List.of(Dim.BATCH, Dim.of(x.width()));
    return g.node(
        Op.GATHER, "last_position", Map.of("axis", 1L), shape, sequence(x), g.scalar(-1L));
  }

  /** {@code [batch, width]} as {@code [batch, 1, width]}. */
  Value onePosition(Value x) {
    List<Dim> shape = List.of(Dim.BATCH, Dim.of(1), Dim.of(x.width()));
    return g.node(Op.UNSQUEEZE, "", Map.of(), shape, x, g.vector(1));
  }

  /** The vector [batch, time, -1]; one for the whole graph. */
  private Value batchTime() {
    return sequences.computeIfAbsent(ids, i -> g.atRoot(this::shape));
  }

  private Value shape() {
    List<Dim> pair = List.of(Dim.of(2));
    Value shape = g.node(Op.SHAPE, "batch_time", Map.of(), DataType.INT64, pair, ids);
    List<Dim> triple = List.of(Dim.of(3));
    return g.node(Op.CONCAT, "batch_time", Map.of("axis", 0L), triple, shape, g.vector(-1));
  }

  private Value weight(Parameter p) {
    return maps.weight(p);
  }

  /**
   * The module that a parameter belongs to: {@code q_proj} of {@code ...self_attn.q_proj.weight}.
   */
  private static String module(Parameter p) {
    String[] parts = p.name().split("\\.", -1);
    return parts[Math.max(0, parts.length - 2)];
  }

  private static void width(String what, Value x, long expected) {
    require(what, x.type() == DataType.FLOAT, x.toString(), "float");
    require(what, x.width() == expected, "width " + x.width() + " of " + x, "" + expected);
  }

  private static void require(String what, boolean holds, String found, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(what + ": found " + found + ", expected " + expected);
    }
  }
}
