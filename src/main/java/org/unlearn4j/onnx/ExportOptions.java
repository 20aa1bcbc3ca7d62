package org.unlearn4j.onnx;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.UserException;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.Variant;

/**
 * What to export.
 *
 * @param variants names of {@link Variant}s, all different
 * @param opset version of the standard operator set, 23, or 17 for older runtimes
 * @param inlineLimit a model whose weights have at most so many bytes is one file; a larger one
 *     keeps them in {@code <file>.onnx_data}
 * @param dataFileLimit most bytes of a file with weights, but for one that holds a single larger
 *     tensor; what follows goes into {@code <file>.onnx_data_1} and so on
 * @param quantizedEmbeddings whether int4 applies to the token table too
 * @param before the model before unlearning: codes of quantised variants are compared with its own
 * @param adapter what was learned, where the exported model is the base without it
 * @param choices what files have otherwise than usual
 */
public record ExportOptions(
    List<String> variants,
    int opset,
    long inlineLimit,
    long dataFileLimit,
    boolean quantizedEmbeddings,
    Optional<Path> before,
    Optional<SeparateAdapter> adapter,
    GraphChoices choices) {

  /** Small enough to be copied around in one piece, large enough for every toy model. */
  private static final long ONE_MEBIBYTE = 1 << 20;

  public ExportOptions {
    variants = List.copyOf(variants);
    if (variants.stream().map(Variant::named).distinct().count() < variants.size()) {
      throw new UserException("ONNX variants: found " + variants + ", expected different ones.");
    }
    forms(variants, opset, quantizedEmbeddings, choices);
    boolean int4 = variants.stream().map(Variant::named).anyMatch(LinearMaps.INT4_TABLES::contains);
    if (quantizedEmbeddings && !int4) {
      throw new UserException(
          "Token table in int4: found variants "
              + variants
              + ", expected int4 or q4f16 among them.");
    }
    if (dataFileLimit < 1) {
      throw new UserException(
          "Largest data file: found " + dataFileLimit + " bytes, expected at least 1.");
    }
  }

  /** float32 at opset 23, one file up to 1 MiB of weights, all others in one data file. */
  public static ExportOptions defaults() {
    return of(List.of(Variant.FP32.label()));
  }

  public static ExportOptions of(List<String> variants) {
    return new ExportOptions(
        variants,
        GraphForm.LATEST,
        ONE_MEBIBYTE,
        Long.MAX_VALUE,
        false,
        Optional.empty(),
        Optional.empty(),
        GraphChoices.defaults());
  }

  public ExportOptions opset(int other) {
    return with(other, inlineLimit, dataFileLimit, quantizedEmbeddings, choices);
  }

  public ExportOptions inlineLimit(long bytes) {
    return with(opset, bytes, dataFileLimit, quantizedEmbeddings, choices);
  }

  public ExportOptions dataFileLimit(long bytes) {
    return with(opset, inlineLimit, bytes, quantizedEmbeddings, choices);
  }

  public ExportOptions quantizedEmbeddings(boolean wanted) {
    return with(opset, inlineLimit, dataFileLimit, wanted, choices);
  }

  public ExportOptions choices(GraphChoices other) {
    return with(opset, inlineLimit, dataFileLimit, quantizedEmbeddings, other);
  }

  private ExportOptions with(
      int version, long inline, long dataFile, boolean tables, GraphChoices chosen) {
    return new ExportOptions(variants, version, inline, dataFile, tables, before, adapter, chosen);
  }

  public ExportOptions before(Optional<Path> model) {
    return beside(model, adapter);
  }

  public ExportOptions adapter(Optional<SeparateAdapter> separate) {
    return beside(before, separate);
  }

  private ExportOptions beside(Optional<Path> model, Optional<SeparateAdapter> separate) {
    return new ExportOptions(
        variants, opset, inlineLimit, dataFileLimit, quantizedEmbeddings, model, separate, choices);
  }

  /**
   * Insists that layers that are named are a model's.
   *
   * @throws UserException naming one that is not
   */
  void requireLayers(int layers, Path model) {
    for (GraphForm form : forms()) {
      if (form.variant().codes().isPresent()) {
        String where = "eight_bit_layers of " + form.variant().label();
        form.codes().requireLayers(layers, where, model.toString());
      }
    }
  }

  List<GraphForm> forms() {
    return forms(variants, opset, quantizedEmbeddings, choices);
  }

  private static List<GraphForm> forms(
      List<String> labels, int opset, boolean embeddings, GraphChoices choices) {
    return labels.stream()
        .map(v -> new GraphForm(Variant.named(v), opset, embeddings, choices))
        .toList();
  }
}
