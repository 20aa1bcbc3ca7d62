package org.unlearn4j.nn;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.unlearn4j.base.UserException;

/**
 * The closed list of decoder families, by {@code model_type}. A new family is one file and one line
 * here.
 */
public final class Families {
  private static final Map<String, Family> BY_TYPE =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("gemma", new Family(Gemma.DIALECT, Gemma::new)),
              Map.entry("gemma2", new Family(Gemma2.DIALECT, Gemma2::new)),
              Map.entry("gemma3_text", new Family(Gemma3.DIALECT, Gemma3::new)),
              Map.entry("gpt2", new Family(Gpt2.DIALECT, Gpt2::new)),
              Map.entry("gpt_neox", new Family(GptNeoX.DIALECT, GptNeoX::new)),
              Map.entry("gpt_oss", new Family(GptOss.DIALECT, GptOss::new)),
              Map.entry("granite", new Family(Granite.DIALECT, Granite::new)),
              Map.entry("llama", new Family(Llama.DIALECT, Llama::new)),
              Map.entry("mistral", new Family(Mistral.DIALECT, Mistral::new)),
              Map.entry("mixtral", new Family(Mixtral.DIALECT, Mixtral::new)),
              Map.entry("olmo2", new Family(Olmo2.DIALECT, Olmo2::new)),
              Map.entry("olmo3", new Family(Olmo3.DIALECT, Olmo3::new)),
              Map.entry("phi", new Family(Phi.DIALECT, Phi::new)),
              Map.entry("phi3", new Family(Phi3.DIALECT, Phi3::new)),
              Map.entry("qwen2", new Family(Qwen2.DIALECT, Qwen2::new)),
              Map.entry("qwen3", new Family(Qwen3.DIALECT, Qwen3::new)),
              Map.entry("qwen3_moe", new Family(Qwen3Moe.DIALECT, Qwen3Moe::new)),
              Map.entry("smollm3", new Family(SmolLm3.DIALECT, SmolLm3::new))));

  private record Family(Dialect dialect, Function<ModelConfig, Decoder> decoder) {}

  private Families() {}

  /**
   * The decoder of a configuration.
   *
   * @throws UserException for a {@code model_type} that is not in the list, or a configuration with
   *     settings that are not supported, all of them at once
   */
  static Decoder of(ModelConfig config) {
    Family family = BY_TYPE.get(config.modelType());
    if (family == null) {
      throw new UserException(
          "config.json, model_type: found \""
              + config.modelType()
              + "\", expected "
              + expected()
              + ".");
    }
    if (!config.unsupported().isEmpty()) {
      throw new UserException(String.join(System.lineSeparator(), config.unsupported()));
    }
    return family.decoder().apply(config);
  }

  /** How a known family spells its configuration. */
  static Dialect dialect(String modelType) {
    return BY_TYPE.get(modelType).dialect();
  }

  /** Whether the list has such a {@code model_type}. */
  public static boolean knows(String modelType) {
    return BY_TYPE.containsKey(modelType);
  }

  static String expected() {
    return "one of " + String.join(", ", BY_TYPE.keySet()) + ", or " + Wrapper.expected();
  }

  /** Known values of {@code model_type}. */
  public static Set<String> types() {
    return BY_TYPE.keySet();
  }
}
