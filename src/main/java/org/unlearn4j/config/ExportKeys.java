package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.flag;
import static org.unlearn4j.config.ValueType.listOf;

import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.weights.CodeFormat;
import org.unlearn4j.weights.Variant;

/** The keys of {@code export}. */
final class ExportKeys {
  private ExportKeys() {}

  static final Key<List<Variant>> VARIANTS =
      new Key<>(
          "export.variants",
          listOf(choice(List.of(Variant.values()), Variant::label), "variants"),
          constant(List.of(Variant.FP32)),
          "ONNX files that are written");
  static final Key<Integer> OPSET =
      new Key<>(
          "export.opset",
          choice(List.of(17, 23), String::valueOf),
          constant(23),
          "ONNX operator set; 17 is for older runtimes");
  static final Key<ExportSettings.Adapter> ADAPTER =
      new Key<>(
          "export.adapter",
          choice(ExportSettings.Adapter.class),
          constant(ExportSettings.Adapter.MERGED),
          "with `unlearn.adapter`, whether it is merged into the weights, or a file of its own"
              + " beside the base (docs/reference/adapters.md)");

  static final Key<Boolean> HIDDEN_STATES =
      new Key<>(
          "export.hidden_states",
          flag(),
          constant(false),
          "whether files give `hidden_states.0` (embeddings) to `hidden_states.N` (final norm)"
              + " too");
  static final Key<ExportSettings.Logits> LOGITS =
      new Key<>(
          "export.logits",
          choice(ExportSettings.Logits.class),
          constant(ExportSettings.Logits.ALL),
          "positions that files give logits of; `last` is for `run --until export`, since `verify`"
              + " compares all");

  static final Key<ExportSettings.Attention> ATTENTION =
      new Key<>(
          "export.attention",
          choice(ExportSettings.Attention.class),
          constant(ExportSettings.Attention.STANDARD),
          "`grouped`: com.microsoft.GroupQueryAttention, whose cache a client may keep in one"
              + " buffer (docs/reference/export.md)");

  static final CodeKeys INT4 = new CodeKeys("export.int4", CodeFormat.INT4);
  static final CodeKeys INT8 = new CodeKeys("export.int8", CodeFormat.INT8);

  static final List<Key<?>> ALL = all();

  private static List<Key<?>> all() {
    List<Key<?>> all =
        new ArrayList<>(List.of(VARIANTS, OPSET, ATTENTION, ADAPTER, HIDDEN_STATES, LOGITS));
    all.addAll(INT4.keys());
    all.addAll(INT8.keys());
    return List.copyOf(all);
  }

  static List<Section> sections() {
    return List.of(
        new Section("export.int4", false, "the codes of files in int4"),
        new Section("export.int8", false, "the codes of the int8 file"));
  }
}
