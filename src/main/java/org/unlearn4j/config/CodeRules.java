package org.unlearn4j.config;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.unlearn4j.config.QuantizationSettings.Format;
import org.unlearn4j.weights.CodeFormat;
import org.unlearn4j.weights.GraphChoices;
import org.unlearn4j.weights.ScaleChoice;
import org.unlearn4j.weights.Variant;

/**
 * What must hold between the keys that say how files have their codes, and others. A value that is
 * the usual one is no mistake wherever it stands: a pipeline with every default spelled out reads
 * back as itself.
 */
final class CodeRules {
  private final Settings settings;
  private final RowKeys.Rule rule;

  private CodeRules(Settings settings, RowKeys.Rule rule) {
    this.settings = settings;
    this.rule = rule;
  }

  /** Tells of mistakes by key, found, expected. */
  static void check(Settings settings, RowKeys.Rule rule) {
    CodeRules rules = new CodeRules(settings, rule);
    rules.channels();
    rules.aware(Format.INT4, ExportKeys.INT4);
    rules.aware(Format.INT8, ExportKeys.INT8);
    rules.written(ExportKeys.INT4, CodeFormat.INT4);
    rules.written(ExportKeys.INT8, CodeFormat.INT8);
    rules.layers();
  }

  /** Whole channels have one form of codes, and are computed by standard operators. */
  private void channels() {
    CodeKeys keys = ExportKeys.INT8;
    if (settings.find(keys.block).filter(b -> b == CodeFormat.CHANNEL).isEmpty()) {
      return;
    }
    String blocks = ", or a block_size";
    if (is(keys.symmetric, false)) {
      rule.broken(keys.symmetric, "false for whole channels", "true" + blocks);
    }
    if (is(keys.scales, ScaleChoice.LEAST_ERROR)) {
      rule.broken(
          keys.scales,
          "least_error for whole channels",
          ScaleChoice.ROUND_TO_NEAREST.label() + blocks);
    }
    int usual = CodeFormat.INT8.accuracyLevel();
    settings
        .find(keys.accuracyLevel)
        .filter(level -> level != usual)
        .ifPresent(
            level ->
                rule.broken(
                    keys.accuracyLevel, level + " for whole channels", "no such key" + blocks));
  }

  /** Training knows but the usual grids, and no scales in float16. */
  private void aware(Format format, CodeKeys keys) {
    if (!is(UnlearnKeys.QUANTIZATION_AWARE, format)) {
      return;
    }
    if (!keys.usualGrid(settings)) {
      rule.broken(
          UnlearnKeys.QUANTIZATION_AWARE,
          format.spelling() + " beside another grid in export." + format.spelling(),
          "none, or the grid that export has by itself, which is the one that training knows");
    }
    Optional<List<Variant>> variants = settings.find(ExportKeys.VARIANTS);
    if (format == Format.INT4
        && variants.filter(v -> v.contains(Variant.Q4F16)).isPresent()
        && variants.filter(v -> v.contains(Variant.INT4)).isEmpty()) {
      rule.broken(
          UnlearnKeys.QUANTIZATION_AWARE,
          "int4 where only q4f16 has such codes",
          "none, or int4 among export.variants (training knows no scales in float16)");
    }
  }

  /** Codes are those of a file that is written. */
  private void written(CodeKeys keys, CodeFormat usual) {
    List<Variant> its = GraphChoices.variants(usual.bits());
    Optional<List<Variant>> variants = settings.find(ExportKeys.VARIANTS);
    if (variants.isEmpty() || variants.get().stream().anyMatch(its::contains)) {
      return;
    }
    String expected =
        its.stream().map(Variant::label).collect(Collectors.joining(" or "))
            + " among export.variants";
    keys.unusual(settings)
        .forEach(key -> rule.broken(key, "codes of a file that export.variants has not", expected));
  }

  /** Of a model whose shape the pipeline spells out; of others, who reads them tells. */
  private void layers() {
    Optional<List<Integer>> eight = settings.find(ExportKeys.INT4.eightBitLayers);
    Optional<Integer> layers = settings.find(Schema.LAYERS);
    if (eight.isPresent() && layers.isPresent()) {
      eight.get().stream()
          .filter(layer -> layer >= layers.get())
          .forEach(
              layer ->
                  rule.broken(
                      ExportKeys.INT4.eightBitLayers,
                      "layer " + layer,
                      "layers from 0 to " + (layers.get() - 1)));
    }
  }

  private <T> boolean is(Key<T> key, T value) {
    return settings.find(key).filter(value::equals).isPresent();
  }
}
