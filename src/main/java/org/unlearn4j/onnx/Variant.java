package org.unlearn4j.onnx;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;

/** Number formats in which a model can be deployed; each is a file of its own. */
public enum Variant {
  /** float32 weights and arithmetic, the bits of the trained weights. */
  FP32("fp32", "model.onnx");

  private final String label;
  private final String fileName;

  Variant(String label, String fileName) {
    this.label = label;
    this.fileName = fileName;
  }

  /** As pipelines and reports write it: {@code fp32}. */
  public String label() {
    return label;
  }

  /** Name of its file in the folder {@code onnx/}. */
  public String fileName() {
    return fileName;
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
                "ONNX variant: found \"" + label + "\", expected one of " + labels() + "."));
  }

  private static String labels() {
    return Arrays.stream(values()).map(Variant::label).collect(Collectors.joining(", "));
  }
}
