package org.unlearn4j.onnx;

import java.util.Map;

/**
 * The operators that this project emits, of the standard ONNX set where nothing else is said, with
 * what a node of each may have. A graph that breaks these rules fails where it is built, not where
 * it is loaded.
 *
 * <p>Source: the ONNX operator specification, opsets {@value GraphForm#OLDER} and {@value
 * GraphForm#LATEST}, and ONNX Runtime's list of contrib operators.
 */
enum Op {
  ADD("Add", 2, 2),
  AND("And", 2, 2),
  ATTENTION(
      "Attention",
      3,
      6,
      3,
      Map.of("q_num_heads", Long.class, "kv_num_heads", Long.class, "scale", Float.class),
      23),
  ARG_MAX("ArgMax", 1, 1, 1, Map.of("axis", Long.class, "keepdims", Long.class)),
  CAST("Cast", 1, 1, 1, Map.of("to", Long.class)),
  CONCAT("Concat", 1, Integer.MAX_VALUE, 1, Map.of("axis", Long.class)),
  DEQUANTIZE_LINEAR("DequantizeLinear", 2, 3, 1, Map.of("axis", Long.class)),
  DIV("Div", 2, 2),
  DYNAMIC_QUANTIZE_LINEAR("DynamicQuantizeLinear", 1, 1, 3, Map.of()),
  EQUAL("Equal", 2, 2),
  ERF("Erf", 1, 1),
  EXP("Exp", 1, 1),
  EXPAND("Expand", 2, 2),
  GATHER("Gather", 2, 2, 1, Map.of("axis", Long.class)),
  /** com.microsoft: rows of a table in int4 blocks. */
  GATHER_BLOCK_QUANTIZED(
      "GatherBlockQuantized",
      3,
      4,
      1,
      Map.of(
          "bits",
          Long.class,
          "block_size",
          Long.class,
          "gather_axis",
          Long.class,
          "quantize_axis",
          Long.class),
      Op.Domain.CONTRIB),
  GATHER_ELEMENTS("GatherElements", 2, 2, 1, Map.of("axis", Long.class)),
  GELU("Gelu", 1, 1, 1, Map.of("approximate", String.class), 20),
  GEMM("Gemm", 2, 3, 1, Map.of("transB", Long.class)),
  GREATER("Greater", 2, 2),
  /** com.microsoft: attention whose past and present may be the same memory. */
  GROUP_QUERY_ATTENTION(
      "GroupQueryAttention",
      7,
      12,
      3,
      Map.of(
          "num_heads",
          Long.class,
          "kv_num_heads",
          Long.class,
          "scale",
          Float.class,
          "softcap",
          Float.class),
      Op.Domain.CONTRIB),
  IDENTITY("Identity", 1, 1),
  IF(
      "If",
      1,
      1,
      1,
      Map.of("then_branch", GraphBuilder.Branch.class, "else_branch", GraphBuilder.Branch.class)),
  LAYER_NORMALIZATION(
      "LayerNormalization", 2, 3, 1, Map.of("axis", Long.class, "epsilon", Float.class), 17),
  LESS_OR_EQUAL("LessOrEqual", 2, 2),
  LOG_SOFTMAX("LogSoftmax", 1, 1, 1, Map.of("axis", Long.class)),
  MAT_MUL("MatMul", 2, 2),
  MAT_MUL_INTEGER("MatMulInteger", 2, 4),
  /** com.microsoft: a product with a matrix in blocks of a few bits. */
  MAT_MUL_N_BITS(
      "MatMulNBits",
      3,
      4,
      1,
      Map.of(
          "K",
          Long.class,
          "N",
          Long.class,
          "bits",
          Long.class,
          "block_size",
          Long.class,
          "accuracy_level",
          Long.class),
      Op.Domain.CONTRIB),
  MAX("Max", 1, Integer.MAX_VALUE),
  MIN("Min", 1, Integer.MAX_VALUE),
  MUL("Mul", 2, 2),
  NEG("Neg", 1, 1),
  POW("Pow", 2, 2),
  RANGE("Range", 3, 3),
  /** In the form of opset 17, whose axes are an attribute. */
  REDUCE_MEAN("ReduceMean", 1, 1, 1, Map.of("axes", long[].class, "keepdims", Long.class)),
  REDUCE_SUM("ReduceSum", 1, 2, 1, Map.of("keepdims", Long.class)),
  RELU("Relu", 1, 1),
  RESHAPE("Reshape", 2, 2),
  RMS_NORMALIZATION(
      "RMSNormalization", 2, 2, 1, Map.of("axis", Long.class, "epsilon", Float.class), 23),
  ROTARY_EMBEDDING(
      "RotaryEmbedding",
      3,
      4,
      1,
      Map.of(
          "num_heads", Long.class, "rotary_embedding_dim", Long.class, "interleaved", Long.class),
      23),
  SHAPE("Shape", 1, 1),
  SIGMOID("Sigmoid", 1, 1),
  SLICE("Slice", 3, 4),
  SOFTMAX("Softmax", 1, 1, 1, Map.of("axis", Long.class)),
  SPLIT("Split", 2, 2, Integer.MAX_VALUE, Map.of("axis", Long.class)),
  SQRT("Sqrt", 1, 1),
  SUB("Sub", 2, 2),
  TANH("Tanh", 1, 1),
  TOP_K("TopK", 2, 2, 2, Map.of("axis", Long.class, "largest", Long.class)),
  TRANSPOSE("Transpose", 1, 1, 1, Map.of("perm", long[].class)),
  UNSQUEEZE("Unsqueeze", 2, 2),
  WHERE("Where", 3, 3);

  /** Operators of ONNX Runtime's own domain, com.microsoft, have no opset. */
  private static final class Domain {
    static final int CONTRIB = 0;
    static final String CONTRIB_NAME = "com.microsoft";
  }

  private final String type;
  private final int minInputs;
  private final int maxInputs;
  private final int maxOutputs;

  @SuppressWarnings("ImmutableEnumChecker") // a copy that nobody can change
  private final Map<String, Class<?>> attributes;

  private final int since;

  Op(String type, int minInputs, int maxInputs) {
    this(type, minInputs, maxInputs, 1, Map.of());
  }

  Op(
      String type,
      int minInputs,
      int maxInputs,
      int maxOutputs,
      Map<String, ? extends Class<?>> attributes) {
    this(type, minInputs, maxInputs, maxOutputs, attributes, 1);
  }

  Op(
      String type,
      int minInputs,
      int maxInputs,
      int maxOutputs,
      Map<String, ? extends Class<?>> attributes,
      int since) {
    this.since = since;
    this.type = type;
    this.minInputs = minInputs;
    this.maxInputs = maxInputs;
    this.maxOutputs = maxOutputs;
    this.attributes = Map.copyOf(attributes);
  }

  /** The domain it is specified in: empty for the standard set. */
  String domain() {
    return since == Domain.CONTRIB ? Domain.CONTRIB_NAME : "";
  }

  /** The opset that brought it in the form that is used here; 0 for another domain. */
  int since() {
    return since;
  }

  /** The operator's name in the specification. */
  String type() {
    return type;
  }

  /**
   * Holds a node against the operator's signature.
   *
   * @throws IllegalArgumentException naming the node and what does not fit
   */
  void check(String node, int inputs, int outputs, Map<String, ?> given) {
    if (inputs < minInputs || inputs > maxInputs) {
      throw new IllegalArgumentException(
          node + ": " + inputs + " inputs, expected " + minInputs + " to " + maxInputs);
    }
    if (outputs < 1 || outputs > maxOutputs) {
      throw new IllegalArgumentException(
          node + ": " + outputs + " outputs, expected 1 to " + maxOutputs);
    }
    given.forEach(
        (name, value) -> {
          Class<?> expected = attributes.get(name);
          if (expected == null) {
            throw new IllegalArgumentException(
                node + ": attribute " + name + ", expected one of " + attributes.keySet());
          }
          if (!expected.isInstance(value)) {
            throw new IllegalArgumentException(
                node + ": attribute " + name + " is " + value + ", expected a " + expected);
          }
        });
  }
}
