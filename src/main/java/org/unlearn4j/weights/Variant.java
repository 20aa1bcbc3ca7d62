package org.unlearn4j.weights;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;

/**
 * Number formats in which a model can be deployed; each is a file of its own. Whatever names
 * variants (pipeline files, commands, evaluations, reports) names these.
 */
public enum Variant {
  /** float32 weights and arithmetic, the bits of the trained weights. */
  FP32("fp32", "model.onnx", "fp32", null),
  /** float16 weights, matrix products and cache; norms, softmax and residual stream float32. */
  FP16("fp16", "model_fp16.onnx", "fp16", null),
  /** int8 weights of linear maps, a scale each output channel; float32 arithmetic. */
  INT8("int8", "model_int8.onnx", "int8", CodeFormat.INT8),
  /** The same weights, and what they are multiplied with is quantised too, while running. */
  INT8_DYNAMIC("int8-dynamic", "model_quantized.onnx", "q8", CodeFormat.INT8),
  /** int4 weights of linear maps in blocks of 32 inputs; float32 arithmetic. */
  INT4("int4", "model_q4.onnx", "q4", CodeFormat.INT4),
  /** int4 weights, their scales, products and cache in float16; all else float32. */
  Q4F16("q4f16", "model_q4f16.onnx", "q4f16", CodeFormat.INT4.withHalfScales());

  private final String label;
  private final String fileName;
  private final String clientName;

  @SuppressWarnings("ImmutableEnumChecker") // a record of values
  private final CodeFormat codes;

  Variant(String label, String fileName, String clientName, CodeFormat codes) {
    this.label = label;
    this.fileName = fileName;
    this.clientName = clientName;
    this.codes = codes;
  }

  /** As pipelines and reports write it: {@code fp32}. */
  public String label() {
    return label;
  }

  /** Name of its file in the folder {@code onnx/}; clients look for it under this name. */
  public String fileName() {
    return fileName;
  }

  /** What transformers.js calls it ({@code dtype}). */
  public String clientName() {
    return clientName;
  }

  /** How linear maps are put in codes unless a file says otherwise, where the variant has codes. */
  public Optional<CodeFormat> codes() {
    return Optional.ofNullable(codes);
  }

  /** Whether products and the cache are float16. */
  public boolean half() {
    return this == FP16 || this == Q4F16;
  }

  /** All labels, in the order of this list. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(Variant::label).toList();
  }

  /**
   * The variant of that name.
   *
   * @throws UserException naming those there are
   */
  public static Variant named(String label) {
    Optional<Variant> found =
        Arrays.stream(values()).filter(v -> v.label.equals(label)).findFirst();
    return found.orElseThrow(
        () ->
            new UserException(
                "ONNX variant: found \""
                    + label
                    + "\", expected one of "
                    + labels().stream().collect(Collectors.joining(", "))
                    + "."));
  }
}
