package org.unlearn4j.onnx;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.weights.Variant;

/**
 * What transformers.js reads of {@code config.json} under {@value #KEY}: which number format it
 * takes unless told otherwise, how many data files each model has (it fetches only those), and
 * which models have a cache in float16.
 */
final class ClientConfig {
  static final String KEY = "transformers.js_config";

  private ClientConfig() {}

  /**
   * The entry, if there is anything to say that is not the client's default.
   *
   * @param dataFiles how many data files each variant has
   */
  static Optional<ObjectNode> of(Map<Variant, Integer> dataFiles) {
    ObjectNode entry = new ObjectMapper().createObjectNode();
    Variant first = dataFiles.keySet().stream().min(Comparator.naturalOrder()).orElseThrow();
    if (first != Variant.FP32) {
      entry.put("dtype", first.clientName());
    }
    ObjectNode outside = new ObjectMapper().createObjectNode();
    dataFiles.forEach(
        (v, files) -> {
          if (files > 0) {
            outside.put(v.fileName(), files);
          }
        });
    if (!outside.isEmpty()) {
      entry.set("use_external_data_format", outside);
    }
    List<Variant> half = dataFiles.keySet().stream().filter(Variant::half).sorted().toList();
    if (!half.isEmpty()) {
      ObjectNode cache = entry.putObject("kv_cache_dtype");
      half.forEach(v -> cache.put(v.clientName(), "float16"));
    }
    return entry.isEmpty() ? Optional.empty() : Optional.of(entry);
  }
}
