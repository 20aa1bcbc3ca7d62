package org.unlearn4j.config;

import static org.unlearn4j.config.Fallback.absent;
import static org.unlearn4j.config.Fallback.constant;
import static org.unlearn4j.config.ValueType.choice;
import static org.unlearn4j.config.ValueType.flag;
import static org.unlearn4j.config.ValueType.integer;
import static org.unlearn4j.config.ValueType.listOf;

import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.weights.Blocks;
import org.unlearn4j.weights.CodeFormat;
import org.unlearn4j.weights.ScaleChoice;

/** The keys of a block that says how linear maps are put in codes; {@link CodeFormat}. */
final class CodeKeys {
  final Key<Integer> block;
  final Key<Boolean> symmetric;
  final Key<ScaleChoice> scales;
  final Key<Integer> accuracyLevel;
  final Key<Integer> headBits;
  final Key<List<Integer>> eightBitLayers;
  private final CodeFormat usual;

  /**
   * Keys.
   *
   * @param usual what holds where they are left out
   */
  CodeKeys(String section, CodeFormat usual) {
    this.usual = usual;
    List<Integer> sizes =
        new ArrayList<>(usual.bits() == 8 ? List.of(CodeFormat.CHANNEL) : List.of());
    Blocks.SIZES.stream().sorted().forEach(sizes::add);
    this.block =
        new Key<>(
            section + ".block_size",
            choice(sizes, s -> s == CodeFormat.CHANNEL ? "channel" : String.valueOf(s)),
            constant(usual.block()),
            usual.bits() == 8
                ? "weights that share a scale: those of an output channel, by standard operators,"
                    + " or so many, by MatMulNBits"
                : "weights that share a scale");
    this.symmetric =
        new Key<>(
            section + ".symmetric",
            flag(),
            constant(usual.symmetric()),
            "whether 0 has the middle code in every block, or one that suits the block");
    this.scales =
        new Key<>(
            section + ".scales",
            choice(List.of(ScaleChoice.values()), ScaleChoice::label),
            constant(usual.scales()),
            "a block's scale: from the ends of its range, or that of least squared error");
    this.accuracyLevel =
        new Key<>(
            section + ".accuracy_level",
            integer(0, 4),
            constant(usual.accuracyLevel()),
            "least precision of products in blocks: 0 the runtime's choice, 1 float32, 2 float16,"
                + " 3 bfloat16, 4 int8, which quantises activations");
    this.headBits =
        new Key<>(
            section + ".head_bits",
            choice(List.of(4, 8), String::valueOf),
            constant(usual.headBits()),
            "bits of the head's codes");
    this.eightBitLayers =
        new Key<>(
            section + ".eight_bit_layers",
            listOf(integer(0), "layers"),
            absent("none"),
            "layers, counted from 0, whose codes have 8 bits");
  }

  /** Where all codes have 8 bits, nobody needs to say which. */
  List<Key<?>> keys() {
    List<Key<?>> all = new ArrayList<>(List.of(block, symmetric, scales, accuracyLevel));
    if (usual.bits() < 8) {
      all.addAll(List.of(headBits, eightBitLayers));
    }
    return all;
  }

  /**
   * Whether codes stand for what they usually stand for; how they are computed is another matter.
   */
  boolean usualGrid(Settings s) {
    return unusual(s).stream().allMatch(accuracyLevel::equals);
  }

  /** Keys whose value is another than the one that holds without them. */
  List<Key<?>> unusual(Settings s) {
    return keys().stream().filter(k -> !usual(k, s)).toList();
  }

  private static <T> boolean usual(Key<T> key, Settings s) {
    return s.find(key).map(v -> key.fallback().equals(constant(v))).orElse(true);
  }

  CodeFormat read(Settings s) {
    boolean mixed = usual.bits() < 8;
    return new CodeFormat(
        usual.bits(),
        s.get(block),
        s.get(symmetric),
        s.get(scales),
        s.get(accuracyLevel),
        mixed ? s.get(headBits) : usual.headBits(),
        s.find(eightBitLayers).orElse(usual.eightBitLayers()),
        usual.halfScales());
  }
}
