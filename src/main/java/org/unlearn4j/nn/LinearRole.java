package org.unlearn4j.nn;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a linear map is for, whatever its family calls it. A fused matrix has several roles: {@code
 * qkv_proj} is a query, a key and a value.
 */
public enum LinearRole {
  Q("q", "q_proj", "qkv_proj", "query_key_value", "c_attn"),
  K("k", "k_proj", "qkv_proj", "query_key_value", "c_attn"),
  V("v", "v_proj", "qkv_proj", "query_key_value", "c_attn"),
  O("o", "o_proj", "attention.dense", "self_attn.dense", "attn.c_proj"),
  GATE("gate", "gate_proj", "gate_up_proj", "w1"),
  UP("up", "up_proj", "gate_up_proj", "w3", "c_fc", "dense_h_to_4h", "fc1"),
  DOWN("down", "down_proj", "w2", "mlp.c_proj", "dense_4h_to_h", "fc2"),
  HEAD("head", "lm_head", "embed_out");

  private static final List<Set<LinearRole>> TOGETHER = List.of(Set.of(Q, K, V), Set.of(GATE, UP));

  private final String spelling;
  private final Pattern module;

  LinearRole(String spelling, String... endings) {
    this.spelling = spelling;
    String any =
        Arrays.stream(endings).map(Pattern::quote).collect(Collectors.joining("|", "(", ")"));
    this.module = Pattern.compile("(.*\\.)?" + any);
  }

  /** As in a pipeline file. */
  public String spelling() {
    return spelling;
  }

  /** The role of that spelling. */
  public static Optional<LinearRole> named(String spelling) {
    return Arrays.stream(values()).filter(r -> r.spelling.equals(spelling)).findFirst();
  }

  /** Whether a linear map has this role. */
  public boolean of(Linear linear) {
    return module.matcher(linear.module()).matches();
  }

  /**
   * Whether two linear maps of one module read the same values: query, key and value, or gate and
   * up.
   */
  static boolean readTheSame(Linear a, Linear b) {
    return parent(a.module()).equals(parent(b.module()))
        && TOGETHER.stream()
            .anyMatch(t -> t.stream().anyMatch(r -> r.of(a)) && t.stream().anyMatch(r -> r.of(b)));
  }

  private static String parent(String module) {
    return module.substring(0, Math.max(0, module.lastIndexOf('.')));
  }

  /** Whether the last parts of a module's name are these. */
  static boolean endsWith(String module, String ending) {
    return module.equals(ending) || module.endsWith("." + ending);
  }
}
