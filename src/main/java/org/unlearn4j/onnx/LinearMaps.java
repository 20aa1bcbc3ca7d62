package org.unlearn4j.onnx;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.CodeFormat;
import org.unlearn4j.weights.RowQuantizer;
import org.unlearn4j.weights.Variant;

/**
 * Linear maps and token tables, which is where variants differ: everything between two linear maps
 * is float32 in all of them. Codes are those of {@link RowQuantizer}, in rows {@code [out, in]}
 * whatever the layout of the checkpoint.
 */
final class LinearMaps {
  /** Codes of int8 become unsigned bytes around this zero point where both factors are integers. */
  static final int ZERO_POINT = 128;

  /** Files whose token table may be in codes. */
  static final Set<Variant> INT4_TABLES = Set.of(Variant.INT4, Variant.Q4F16);

  private final GraphBuilder g;
  private final GraphForm form;
  private final Casts casts;
  private final boolean tied;
  private final Map<Value, List<Value>> quantized = new HashMap<>();

  /**
   * Those of a graph.
   *
   * @param tied whether the head reads the token table
   */
  LinearMaps(GraphBuilder g, GraphForm form, Casts casts, boolean tied) {
    this.tied = tied;
    this.g = g;
    this.form = form;
    this.casts = casts;
  }

  /** A weight of the checkpoint in float32, for everything that is no matrix. */
  Value weight(Parameter p) {
    return g.initializer(Initializer.of(p, DataType.FLOAT));
  }

  /** {@code [tokens, in] -> [tokens, out]}, float32 on both sides. */
  Value apply(String label, Value x, Linear linear) {
    return switch (form.variant()) {
      case FP32 -> gemm(label, x, linear, weight(linear.weight()), !linear.inOut());
      case FP16 -> halves(label, x, linear);
      case INT8 -> widened() ? weightOnly(label, x, linear) : blocks(label, x, linear);
      case INT8_DYNAMIC -> integers(label, x, linear);
      case INT4 -> blocks(label, x, linear);
      case Q4F16 -> casts.wide(blocks(label, casts.half(x), linear));
    };
  }

  /** Whether a product first makes a matrix of floats of its codes, in each call. */
  boolean widened() {
    return form.variant() == Variant.INT8 && form.codes().block() == CodeFormat.CHANNEL;
  }

  /** The product in float32 whatever the variant. */
  Value exact(String label, Value x, Linear linear) {
    return gemm(label, x, linear, weight(linear.weight()), !linear.inOut());
  }

  /** Rows of the token table {@code [vocab, width]}, float32: {@code [tokens, width]}. */
  Value tokenRows(String label, Value flat, Parameter table) {
    return INT4_TABLES.contains(form.variant()) && form.quantizedEmbeddings()
        ? blockRows(label, flat, table)
        : rows(label, flat, table);
  }

  /** Rows of any table {@code [size, width]}, float32: {@code [tokens, width]}. */
  Value rows(String label, Value flat, Parameter table) {
    List<Dim> shape = List.of(Dim.TOKENS, Dim.of(table.dim(1)));
    DataType type = form.variant().half() ? DataType.FLOAT16 : DataType.FLOAT;
    Value values = g.initializer(Initializer.of(table, type));
    return casts.wide(g.node(Op.GATHER, label, Map.of("axis", 0L), type, shape, values, flat));
  }

  private Value gemm(String label, Value x, Linear linear, Value matrix, boolean transposed) {
    List<Value> in = new ArrayList<>(List.of(x, matrix));
    linear.bias().ifPresent(b -> in.add(g.initializer(Initializer.of(b, x.type()))));
    return g.node(
        Op.GEMM,
        label,
        Map.of("transB", transposed ? 1L : 0L),
        out(x, linear),
        in.toArray(Value[]::new));
  }

  /**
   * MatMul and not Gemm: where processors have no float16 arithmetic, ONNX Runtime's Gemm of
   * float16 sums in float16 and is many times slower.
   */
  private Value halves(String label, Value x, Linear linear) {
    Value matrix = g.initializer(Initializer.of(linear.weight(), DataType.FLOAT16));
    if (!linear.inOut()) {
      matrix = transposed(label, matrix);
    }
    Value product = g.node(Op.MAT_MUL, label, Map.of(), out(x, linear), casts.half(x), matrix);
    return biased(label, casts.wide(product), linear);
  }

  /** Turned once, when a runtime loads the file and folds constants. */
  private Value transposed(String label, Value matrix) {
    List<Dim> turned = List.of(matrix.shape().get(1), matrix.shape().get(0));
    return g.node(Op.TRANSPOSE, label, Map.of("perm", new long[] {1, 0}), turned, matrix);
  }

  /** The product with {@code codes * scales}, which any runtime of opset 13 computes. */
  private Value weightOnly(String label, Value x, Linear linear) {
    Value codes = codes(linear, DataType.INT8);
    Value matrix =
        g.node(
            Op.DEQUANTIZE_LINEAR,
            label,
            Map.of("axis", 0L),
            DataType.FLOAT,
            codes.shape(),
            codes,
            scales(linear, quantizer(linear)));
    return gemm(label, x, linear, matrix, true);
  }

  /**
   * The product of quantised activations (one scale and zero point a call) with codes. Weights are
   * unsigned bytes: products of unsigned with signed bytes saturate on processors with AVX2 or
   * AVX512 that have no instruction for them.
   */
  private Value integers(String label, Value x, Linear linear) {
    List<Value> q = quantized.computeIfAbsent(x, this::quantize);
    Value codes = codes(linear, DataType.UINT8);
    Value matrix = transposed(label, codes);
    Value product =
        g.node(
            Op.MAT_MUL_INTEGER,
            label,
            Map.of(),
            DataType.INT32,
            out(x, linear),
            q.get(0),
            matrix,
            q.get(2),
            g.unsignedByte(ZERO_POINT));
    Value scale =
        g.node(
            Op.MUL,
            label,
            Map.of(),
            List.of(Dim.of(linear.out())),
            q.get(1),
            scales(linear, quantizer(linear)));
    Value sums =
        g.node(
            Op.CAST,
            label,
            Map.of("to", (long) DataType.FLOAT.getNumber()),
            DataType.FLOAT,
            out(x, linear),
            product);
    return biased(label, g.node(Op.MUL, label, Map.of(), out(x, linear), sums, scale), linear);
  }

  /** Codes, scale and zero point of activations. */
  private List<Value> quantize(Value x) {
    Op op = Op.DYNAMIC_QUANTIZE_LINEAR;
    List<Value> out =
        List.of(
            new Value(g.outputName(op, "", 0), DataType.UINT8, x.shape()),
            new Value(g.outputName(op, "", 1), DataType.FLOAT, List.of()),
            new Value(g.outputName(op, "", 2), DataType.UINT8, List.of()));
    g.node(op, "", Map.of(), List.of(x), out);
    return out;
  }

  private Value blocks(String label, Value x, Linear linear) {
    Map<String, ?> attributes =
        Map.of(
            "K",
            (long) linear.in(),
            "N",
            (long) linear.out(),
            "bits",
            (long) quantizer(linear).bits(),
            "block_size",
            (long) form.codes().block(),
            "accuracy_level",
            (long) form.codes().accuracyLevel());
    RowQuantizer own = quantizer(linear);
    List<Value> in = new ArrayList<>(List.of(x, packed(linear, own), scales(linear, own)));
    if (!form.codes().symmetric()) {
      in.add(g.initializer(Initializer.zeros(linear, own)));
    }
    Value product =
        g.node(Op.MAT_MUL_N_BITS, label, attributes, out(x, linear), in.toArray(Value[]::new));
    return biased(label, product, linear);
  }

  /**
   * The table in the very bytes that a head tied to it reads. A last block that is not full brings
   * its padding along, which is cut off.
   */
  private Value blockRows(String label, Value flat, Parameter table) {
    Linear asHead = Linear.tied(table);
    RowQuantizer quantizer = tied ? quantizer(asHead) : form.codes().ofTable();
    long padded = quantizer.codes(asHead.in());
    long blocks = quantizer.scales(asHead.in());
    List<Value> in =
        new ArrayList<>(
            List.of(
                grid(label, packed(asHead, quantizer), asHead, padded * quantizer.bits() / 8),
                flat,
                grid(label + "_scales", scales(asHead, quantizer), asHead, blocks)));
    if (!form.codes().symmetric()) {
      Value zeros = g.initializer(Initializer.zeros(asHead, quantizer));
      in.add(grid(label + "_zeros", zeros, asHead, Initializer.zeroBytes(asHead, quantizer)));
    }
    Map<String, ?> attributes =
        Map.of(
            "bits",
            (long) quantizer.bits(),
            "block_size",
            (long) form.codes().block(),
            "gather_axis",
            0L,
            "quantize_axis",
            1L);
    Value rows =
        g.node(
            Op.GATHER_BLOCK_QUANTIZED,
            label,
            attributes,
            in.get(2).type(),
            List.of(Dim.TOKENS, Dim.of(padded)),
            in.toArray(Value[]::new));
    List<Dim> shape = List.of(Dim.TOKENS, Dim.of(asHead.in()));
    Value[] cut = {rows, g.vector(0), g.vector(asHead.in()), g.vector(1)};
    return casts.wide(padded == asHead.in() ? rows : g.node(Op.SLICE, label, Map.of(), shape, cut));
  }

  /** Codes, scales or zero points as {@code [out, each]}. */
  private Value grid(String label, Value values, Linear linear, long each) {
    List<Dim> shape = List.of(Dim.of(linear.out()), Dim.of(each));
    return g.node(Op.RESHAPE, label, Map.of(), shape, values, g.vector(linear.out(), each));
  }

  private Value biased(String label, Value x, Linear linear) {
    return linear
        .bias()
        .map(b -> g.node(Op.ADD, label, Map.of(), x.shape(), casts.wide(x), weight(b)))
        .orElse(x);
  }

  private Value codes(Linear linear, DataType type) {
    return g.initializer(
        Initializer.codes(
            linear, quantizer(linear), type, (long) linear.out(), (long) linear.in()));
  }

  private Value packed(Linear linear, RowQuantizer q) {
    return g.initializer(
        Initializer.codes(
            linear,
            q,
            DataType.UINT8,
            (long) linear.out(),
            (long) q.scales(linear.in()),
            (long) form.codes().block() * q.bits() / 8));
  }

  private Value scales(Linear linear, RowQuantizer q) {
    return g.initializer(Initializer.scales(linear, q));
  }

  private RowQuantizer quantizer(Linear linear) {
    return form.codes().of(linear.weight().name());
  }

  private static List<Dim> out(Value x, Linear linear) {
    return List.of(x.shape().get(0), Dim.of(linear.out()));
  }
}
