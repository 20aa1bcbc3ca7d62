package org.unlearn4j.weights;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.unlearn4j.base.UserException;

/**
 * How linear maps are put in codes: the grid, and which of them have a finer one.
 *
 * @param bits of a code, 4 or 8
 * @param block values that share a scale; {@value #CHANNEL} for a whole output channel, which needs
 *     8 bits and has standard operators
 * @param symmetric whether the code for 0 is the middle one, in every block
 * @param scales how a block's scale is chosen
 * @param accuracyLevel least precision in which a runtime may compute: 0 its own choice, 1 float32,
 *     2 float16, 3 bfloat16, 4 int8, which quantises activations as well
 * @param headBits of the head's codes
 * @param eightBitLayers numbers of the layers whose codes have 8 bits
 * @param halfScales whether scales are float16; no setting of its own
 */
public record CodeFormat(
    int bits,
    int block,
    boolean symmetric,
    ScaleChoice scales,
    int accuracyLevel,
    int headBits,
    List<Integer> eightBitLayers,
    boolean halfScales) {
  /** All inputs of an output channel. */
  public static final int CHANNEL = 0;

  /** The level at which activations are quantised too. */
  public static final int QUANTISES_ACTIVATIONS = 4;

  /** Of int4 files, unless they say otherwise. */
  public static final CodeFormat INT4 =
      new CodeFormat(4, 32, true, ScaleChoice.ROUND_TO_NEAREST, 1, 4, List.of(), false);

  /** Of int8 files, unless they say otherwise. */
  public static final CodeFormat INT8 =
      new CodeFormat(8, CHANNEL, true, ScaleChoice.ROUND_TO_NEAREST, 1, 8, List.of(), false);

  private static final Pattern LAYER = Pattern.compile("\\.(\\d+)\\.");

  /**
   * A format.
   *
   * @throws UserException if whole channels are to have anything but their one form
   */
  public CodeFormat {
    eightBitLayers = eightBitLayers.stream().distinct().sorted().toList();
    if (block == CHANNEL && (!symmetric || scales != ScaleChoice.ROUND_TO_NEAREST)) {
      throw new UserException(
          "Codes of a whole channel: found "
              + (symmetric ? scales.label() : "asymmetric ones")
              + ", expected symmetric ones, round_to_nearest, or a block_size.");
    }
  }

  /**
   * The quantiser of a linear map.
   *
   * @param weight its name in the checkpoint; one without the number of a layer is the head
   */
  public RowQuantizer of(String weight) {
    if (block == CHANNEL) {
      return new Int8Channels();
    }
    Matcher layer = LAYER.matcher(weight);
    boolean eight =
        layer.find() ? eightBitLayers.contains(Integer.valueOf(layer.group(1))) : headBits == 8;
    return blocks(eight ? 8 : bits);
  }

  /**
   * The quantiser of a token table that no head reads: {@link #headBits} are not for it.
   *
   * @throws IllegalStateException for whole channels, in which no table is
   */
  public RowQuantizer ofTable() {
    if (block == CHANNEL) {
      throw new IllegalStateException("a token table in codes of whole channels");
    }
    return blocks(bits);
  }

  private Blocks blocks(int each) {
    return new Blocks(each, block, symmetric, scales, halfScales);
  }

  /**
   * Insists that layers in eight bits are layers of a model.
   *
   * @param layers how many it has
   * @param where the setting, for messages
   * @param model the model, for messages
   * @throws UserException naming the first that is not
   */
  public void requireLayers(int layers, String where, String model) {
    for (int layer : eightBitLayers) {
      if (layer >= layers) {
        throw new UserException(
            String.format(
                Locale.ROOT,
                "%s: found layer %d, expected layers from 0 to %d, those of %s.",
                where,
                layer,
                layers - 1,
                model));
      }
    }
  }

  /** The same with scales in float16. */
  public CodeFormat withHalfScales() {
    return new CodeFormat(
        bits, block, symmetric, scales, accuracyLevel, headBits, eightBitLayers, true);
  }

  /** By name, as {@link #with} reads them. */
  public Map<String, String> settings() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("block_size", block == CHANNEL ? "channel" : String.valueOf(block));
    all.put("symmetric", String.valueOf(symmetric));
    all.put("scales", scales.label());
    all.put("accuracy_level", String.valueOf(accuracyLevel));
    all.put("head_bits", String.valueOf(headBits));
    all.put(
        "eight_bit_layers",
        eightBitLayers.stream().map(String::valueOf).collect(Collectors.joining(" ")));
    return all;
  }

  /** What differs from another format, {@code name=value} with commas between; may be empty. */
  public String changes(CodeFormat from) {
    Map<String, String> theirs = from.settings();
    return settings().entrySet().stream()
        .filter(e -> !e.getValue().equals(theirs.get(e.getKey())))
        .map(e -> e.getKey() + "=" + e.getValue())
        .collect(Collectors.joining(","));
  }

  /**
   * The format with other settings.
   *
   * @param changes as {@link #changes} writes them
   * @param where for messages
   * @throws UserException naming what is no setting or has no such value
   */
  public CodeFormat with(String changes, String where) {
    Map<String, String> all = settings();
    for (String change : changes.isBlank() ? List.<String>of() : List.of(changes.split(",", -1))) {
      String[] parts = change.split("=", 2);
      if (parts.length < 2 || !all.containsKey(parts[0])) {
        throw new UserException(
            where + ": found \"" + change + "\", expected NAME=VALUE with one of " + all.keySet());
      }
      all.put(parts[0], parts[1]);
    }
    List<String> blocks = new ArrayList<>(bits == 8 ? List.of("channel") : List.of());
    Blocks.SIZES.stream().sorted().forEach(s -> blocks.add(String.valueOf(s)));
    String size = one(all, "block_size", blocks, where);
    String scale =
        one(
            all,
            "scales",
            List.of(ScaleChoice.ROUND_TO_NEAREST.label(), ScaleChoice.LEAST_ERROR.label()),
            where);
    List<Integer> layers = new ArrayList<>();
    for (String layer : all.get("eight_bit_layers").split(" ", -1)) {
      if (layer.matches("\\d{1,6}")) {
        layers.add(Integer.valueOf(layer));
      } else if (!layer.isEmpty()) {
        throw mistake(where, "eight_bit_layers", layer, "numbers of layers, with spaces between");
      }
    }
    return new CodeFormat(
        bits,
        size.equals("channel") ? CHANNEL : Integer.parseInt(size),
        Boolean.parseBoolean(one(all, "symmetric", List.of("true", "false"), where)),
        scale.equals(ScaleChoice.LEAST_ERROR.label())
            ? ScaleChoice.LEAST_ERROR
            : ScaleChoice.ROUND_TO_NEAREST,
        Integer.parseInt(one(all, "accuracy_level", List.of("0", "1", "2", "3", "4"), where)),
        Integer.parseInt(
            one(all, "head_bits", bits == 8 ? List.of("8") : List.of("4", "8"), where)),
        layers,
        halfScales);
  }

  private static String one(
      Map<String, String> all, String name, List<String> known, String where) {
    String value = all.get(name);
    if (!known.contains(value)) {
      throw mistake(where, name, value, "one of " + String.join(", ", known));
    }
    return value;
  }

  private static UserException mistake(String where, String name, String found, String expected) {
    return new UserException(
        where + ": " + name + ": found \"" + found + "\", expected " + expected + ".");
  }
}
