package org.unlearn4j.weights;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A matrix or bias of one expert, whose checkpoint holds those of all experts of a layer in one
 * tensor: {@code experts.gate_up_proj [experts, in, 2 width]}, in which even columns are the gate's
 * and odd ones up's, {@code experts.down_proj [experts, width, out]}, and their biases {@code
 * [experts, columns]} behind the same names and {@code _bias}. A part is called after its tensor:
 * {@code experts.gate_up_proj.3.gate_proj.weight}.
 *
 * <p>Source: transformers, {@code GptOssExperts}.
 *
 * @param tensor the matrices' name, {@code ....experts.gate_up_proj}
 * @param expert counted from 0
 * @param first its first column
 * @param step from one of its columns to the next
 */
record ExpertPart(String tensor, int expert, int first, int step, boolean bias) {
  private static final String TENSOR = ".+\\.experts\\.(?:gate_up_proj|down_proj)";
  private static final Pattern PART =
      Pattern.compile(
          "(" + TENSOR + ")\\.(\\d{1,6})\\.(gate_proj|up_proj|down_proj)\\.(weight|bias)");
  private static final Pattern WHOLE = Pattern.compile("(" + TENSOR + ")(_bias)?");
  private static final Pattern CODES = Pattern.compile(TENSOR + "(_blocks|_scales)");

  static final String BLOCKS = "_blocks";
  static final String SCALES = "_scales";
  private static final String BIAS = "_bias";

  /** The part of that name; empty for a tensor that is stored under its own. */
  static Optional<ExpertPart> of(String name) {
    Matcher m = PART.matcher(name);
    if (!m.matches()) {
      return Optional.empty();
    }
    boolean fused = !m.group(3).equals("down_proj");
    return m.group(1).endsWith("gate_up_proj") == fused
        ? Optional.of(
            new ExpertPart(
                m.group(1),
                Integer.parseInt(m.group(2)),
                m.group(3).equals("up_proj") ? 1 : 0,
                fused ? 2 : 1,
                m.group(4).equals("bias")))
        : Optional.empty();
  }

  /** Whether a tensor of that name holds parts. */
  static boolean whole(String stored) {
    return WHOLE.matcher(stored).matches();
  }

  /** Whether a tensor of that name holds codes of parts. */
  static boolean codes(String stored) {
    return CODES.matcher(stored).matches();
  }

  /** The tensor that holds it where numbers are stored and not codes. */
  String stored() {
    return bias ? tensor + BIAS : tensor;
  }

  /** The names of a whole tensor's parts of one expert, in the order of their columns. */
  static String[] parts(String whole, int expert) {
    boolean bias = whole.endsWith(BIAS);
    String tensor = bias ? whole.substring(0, whole.length() - BIAS.length()) : whole;
    String kind = bias ? ".bias" : ".weight";
    String[] modules =
        tensor.endsWith("gate_up_proj")
            ? new String[] {"gate_proj", "up_proj"}
            : new String[] {"down_proj"};
    String[] names = new String[modules.length];
    for (int i = 0; i < names.length; i++) {
      names[i] = tensor + "." + expert + "." + modules[i] + kind;
    }
    return names;
  }
}
