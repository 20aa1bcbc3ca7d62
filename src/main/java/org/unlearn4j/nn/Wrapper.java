package org.unlearn4j.nn;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A multimodal model around a text model, whose configuration stands under {@value #TEXT}. Only the
 * text model is read; the rest is left as it is.
 *
 * @param textType {@code model_type} of the text model where the file does not say
 * @param architecture the class that reads the text model alone
 */
record Wrapper(String textType, String architecture) {
  static final String TEXT = "text_config";

  private static final Map<String, Wrapper> BY_TYPE =
      new TreeMap<>(
          Map.of(
              "gemma3", new Wrapper("gemma3_text", "Gemma3ForCausalLM"),
              "mistral3", new Wrapper("mistral", "MistralForCausalLM")));

  /** What a file says of the whole model, and a text model needs when it stands alone. */
  private static final List<String> INHERITED =
      List.of(
          "bos_token_id",
          "eos_token_id",
          "pad_token_id",
          "tie_word_embeddings",
          "initializer_range",
          "quantization_config",
          "dtype",
          "torch_dtype",
          "transformers_version");

  static Optional<Wrapper> of(String modelType) {
    return Optional.ofNullable(BY_TYPE.get(modelType));
  }

  static String expected() {
    return String.join(" or ", BY_TYPE.keySet()) + " around one of them";
  }

  /** The configuration of the text model alone. */
  ObjectNode text(ObjectNode whole) {
    ObjectNode text = whole.withObject("/" + TEXT).deepCopy();
    if (!text.hasNonNull("model_type")) {
      text.put("model_type", textType);
    }
    text.putArray("architectures").add(architecture);
    for (String key : INHERITED) {
      if (!text.hasNonNull(key) && whole.hasNonNull(key)) {
        text.set(key, whole.path(key));
      }
    }
    return text;
  }
}
