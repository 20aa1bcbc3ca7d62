package org.unlearn4j.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import org.unlearn4j.nn.ModelConfig;

/**
 * {@code genai_config.json}, by which onnxruntime-genai loads the folder.
 *
 * <p>Source: "Configuration reference" of the ONNX Runtime generate() API.
 */
final class GenAiConfig {
  /** Families that onnxruntime-genai knows by name; any other is its generic "decoder". */
  private static final Set<String> NAMED =
      Set.of("llama", "mistral", "gemma", "gemma2", "phi", "phi3", "qwen2", "qwen3", "olmo");

  private GenAiConfig() {}

  /**
   * The content of the file.
   *
   * @param file the model, relative to the folder
   * @param generation the content of generation_config.json
   * @param shared whether past and present keys and values may be one buffer: the standard operator
   *     grows the cache
   */
  static ObjectNode of(ModelConfig config, String file, JsonNode generation, boolean shared) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    ObjectNode model = root.putObject("model");
    JsonNode eos = first(generation, config.json(), "eos_token_id");
    JsonNode pad = first(generation, config.json(), "pad_token_id");
    put(model, "bos_token_id", first(generation, config.json(), "bos_token_id"));
    // The client does not compute its cache again.
    int length = Math.min(config.maxPositions(), config.cacheLimit().orElse(Integer.MAX_VALUE));
    model.put("context_length", length);
    model.set("decoder", decoder(config, file));
    put(model, "eos_token_id", eos);
    // Padding is masked, so any token will do where the model names none.
    put(model, "pad_token_id", pad.isInt() ? pad : eos.isArray() ? eos.path(0) : eos);
    model.put("type", NAMED.contains(config.modelType()) ? config.modelType() : "decoder");
    model.put("vocab_size", config.vocabSize());
    ObjectNode search = root.putObject("search");
    search.put("do_sample", generation.path("do_sample").asBoolean(false));
    search.put("max_length", length);
    search.put("min_length", 0);
    search.put("num_beams", 1);
    search.put("past_present_share_buffer", shared);
    search.put("repetition_penalty", 1.0);
    search.put("temperature", generation.path("temperature").asDouble(1));
    search.put("top_k", generation.path("top_k").asInt(50));
    search.put("top_p", generation.path("top_p").asDouble(1));
    return root;
  }

  private static ObjectNode decoder(ModelConfig config, String file) {
    ObjectNode decoder = new ObjectMapper().createObjectNode();
    ObjectNode session = decoder.putObject("session_options");
    session.put("log_id", "onnxruntime-genai");
    session.putArray("provider_options");
    decoder.put("filename", file);
    decoder.put("head_size", config.headDim());
    decoder.put("hidden_size", config.hiddenSize());
    ObjectNode inputs = decoder.putObject("inputs");
    inputs.put("input_ids", "input_ids");
    inputs.put("attention_mask", "attention_mask");
    inputs.put("position_ids", "position_ids");
    inputs.put("past_key_names", "past_key_values.%d.key");
    inputs.put("past_value_names", "past_key_values.%d.value");
    ObjectNode outputs = decoder.putObject("outputs");
    outputs.put("logits", "logits");
    outputs.put("present_key_names", "present.%d.key");
    outputs.put("present_value_names", "present.%d.value");
    decoder.put("num_attention_heads", config.heads());
    decoder.put("num_hidden_layers", config.layers());
    decoder.put("num_key_value_heads", config.kvHeads());
    return decoder;
  }

  private static JsonNode first(JsonNode generation, JsonNode config, String key) {
    JsonNode value = generation.path(key);
    return value.isMissingNode() || value.isNull() ? config.path(key) : value;
  }

  private static void put(ObjectNode node, String key, JsonNode value) {
    if (!value.isMissingNode() && !value.isNull()) {
      node.set(key, value);
    }
  }
}
