package org.unlearn4j.nn;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.unlearn4j.base.UserException;

/**
 * The closed list of decoder families, by {@code model_type}. A new family is one file and one line
 * here.
 */
public final class Families {
  private static final Map<String, Function<ModelConfig, Decoder>> BY_TYPE =
      new TreeMap<>(Map.of("llama", Llama::new, "gpt2", Gpt2::new));

  private Families() {}

  /**
   * @throws UserException for a {@code model_type} that is not in the list
   */
  static Decoder of(ModelConfig config) {
    Function<ModelConfig, Decoder> family = BY_TYPE.get(config.modelType());
    if (family == null) {
      throw new UserException(
          "config.json, model_type: found \""
              + config.modelType()
              + "\", expected "
              + expected()
              + ".");
    }
    return family.apply(config);
  }

  static boolean knows(String modelType) {
    return BY_TYPE.containsKey(modelType);
  }

  static String expected() {
    return "one of " + String.join(", ", BY_TYPE.keySet());
  }

  /** Known values of {@code model_type}. */
  public static Iterable<String> types() {
    return BY_TYPE.keySet();
  }
}
