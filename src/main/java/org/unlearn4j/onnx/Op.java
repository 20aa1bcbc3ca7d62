package org.unlearn4j.onnx;

import java.util.Map;

/**
 * The operators of the standard ONNX set that this project emits, with what a node of each may
 * have. A graph that breaks these rules fails where it is built, not where it is loaded.
 *
 * <p>Source: the ONNX operator specification, opset {@value OnnxEmitter#OPSET}.
 */
enum Op {
  ADD("Add", 2, 2),
  AND("And", 2, 2),
  ATTENTION(
      "Attention",
      3,
      6,
      3,
      Map.of("q_num_heads", Long.class, "kv_num_heads", Long.class, "scale", Float.class)),
  ARG_MAX("ArgMax", 1, 1, 1, Map.of("axis", Long.class, "keepdims", Long.class)),
  CAST("Cast", 1, 1, 1, Map.of("to", Long.class)),
  CONCAT("Concat", 1, Integer.MAX_VALUE, 1, Map.of("axis", Long.class)),
  DIV("Div", 2, 2),
  EXP("Exp", 1, 1),
  GATHER("Gather", 2, 2, 1, Map.of("axis", Long.class)),
  GATHER_ELEMENTS("GatherElements", 2, 2, 1, Map.of("axis", Long.class)),
  GELU("Gelu", 1, 1, 1, Map.of("approximate", String.class)),
  GEMM("Gemm", 2, 3, 1, Map.of("transB", Long.class)),
  GREATER("Greater", 2, 2),
  LAYER_NORMALIZATION(
      "LayerNormalization", 2, 3, 1, Map.of("axis", Long.class, "epsilon", Float.class)),
  LESS_OR_EQUAL("LessOrEqual", 2, 2),
  LOG_SOFTMAX("LogSoftmax", 1, 1, 1, Map.of("axis", Long.class)),
  MAT_MUL("MatMul", 2, 2),
  MUL("Mul", 2, 2),
  RANGE("Range", 3, 3),
  REDUCE_SUM("ReduceSum", 1, 2, 1, Map.of("keepdims", Long.class)),
  RELU("Relu", 1, 1),
  RESHAPE("Reshape", 2, 2),
  RMS_NORMALIZATION(
      "RMSNormalization", 2, 2, 1, Map.of("axis", Long.class, "epsilon", Float.class)),
  ROTARY_EMBEDDING(
      "RotaryEmbedding",
      3,
      4,
      1,
      Map.of(
          "num_heads", Long.class, "rotary_embedding_dim", Long.class, "interleaved", Long.class)),
  SHAPE("Shape", 1, 1),
  SIGMOID("Sigmoid", 1, 1),
  SOFTMAX("Softmax", 1, 1, 1, Map.of("axis", Long.class)),
  SPLIT("Split", 2, 2, Integer.MAX_VALUE, Map.of("axis", Long.class)),
  SUB("Sub", 2, 2),
  TANH("Tanh", 1, 1),
  TRANSPOSE("Transpose", 1, 1, 1, Map.of("perm", long[].class)),
  UNSQUEEZE("Unsqueeze", 2, 2),
  WHERE("Where", 3, 3);

  private final String type;
  private final int minInputs;
  private final int maxInputs;
  private final int maxOutputs;

  @SuppressWarnings("ImmutableEnumChecker") // a copy that nobody can change
  private final Map<String, Class<?>> attributes;

  Op(String type, int minInputs, int maxInputs) {
    this(type, minInputs, maxInputs, 1, Map.of());
  }

  Op(
      String type,
      int minInputs,
      int maxInputs,
      int maxOutputs,
      Map<String, ? extends Class<?>> attributes) {
    this.type = type;
    this.minInputs = minInputs;
    this.maxInputs = maxInputs;
    this.maxOutputs = maxOutputs;
    this.attributes = Map.copyOf(attributes);
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
