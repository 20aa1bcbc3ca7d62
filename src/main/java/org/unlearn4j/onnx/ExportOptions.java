package org.unlearn4j.onnx;

import java.util.List;
import org.unlearn4j.base.UserException;
import org.unlearn4j.weights.Variant;

/**
 * What to export.
 *
 * @param variants names of {@link Variant}s
 * @param opset version of the standard operator set; only {@value OnnxEmitter#OPSET} is emitted
 * @param inlineLimit a model whose weights have at most so many bytes is one file; a larger one
 *     keeps them in {@code <file>.onnx_data}
 */
public record ExportOptions(List<String> variants, int opset, long inlineLimit) {

  /** Small enough to be copied around in one piece, large enough for every toy model. */
  private static final long ONE_MEBIBYTE = 1 << 20;

  public ExportOptions {
    variants = List.copyOf(variants);
    if (opset != OnnxEmitter.OPSET) {
      throw new UserException(
          "ONNX opset: found " + opset + ", expected " + OnnxEmitter.OPSET + ".");
    }
    for (String label : variants) {
      if (Variant.named(label) != Variant.FP32) {
        throw new UserException("ONNX variant: found \"" + label + "\", expected fp32.");
      }
    }
  }

  /** float32 at opset {@value OnnxEmitter#OPSET}, one file up to 1 MiB of weights. */
  public static ExportOptions defaults() {
    return of(List.of(Variant.FP32.label()));
  }

  public static ExportOptions of(List<String> variants) {
    return new ExportOptions(variants, OnnxEmitter.OPSET, ONE_MEBIBYTE);
  }
}
