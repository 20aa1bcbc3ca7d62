package org.unlearn4j.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What an earlier verify said of files of a deployed folder and still holds: files may be judged
 * one after the other, and the record is then on all of them.
 *
 * <p>It holds only where the record is as it was written, the trained weights are the same, and
 * neither the ONNX file with its data nor anything that all of the folder's ONNX files share (the
 * tokenizer, the configuration) has changed since.
 *
 * @param variants by runtime, as {@link DeployedRecord} has them
 * @param metrics by runtime
 */
record EarlierVerdicts(Map<String, JsonNode> variants, Map<String, JsonNode> metrics) {

  /**
   * Reads them.
   *
   * @param block the earlier record; may be missing
   * @param intact whether it says what it said when it was written
   * @param weights SHA-256 of the trained weights by file name, now
   * @param files SHA-256 of the folder's files by path, now
   */
  static EarlierVerdicts of(
      JsonNode block, boolean intact, Map<String, String> weights, Map<String, String> files) {
    Map<String, JsonNode> variants = new TreeMap<>();
    Map<String, JsonNode> metrics = new TreeMap<>();
    if (intact && texts(block.path(DeployedRecord.WEIGHTS)).equals(weights)) {
      Map<String, String> recorded = texts(block.path(DeployedRecord.FILES));
      block
          .path(DeployedRecord.VARIANTS)
          .properties()
          .forEach(
              e -> {
                String onnx = e.getValue().path(DeployedRecord.JUDGED_FILE).asText();
                boolean measured = block.path(DeployedRecord.METRICS).has(e.getKey());
                if (measured && recorded.containsKey(onnx) && unchanged(onnx, recorded, files)) {
                  variants.put(e.getKey(), e.getValue());
                  metrics.put(e.getKey(), block.path(DeployedRecord.METRICS).path(e.getKey()));
                }
              });
    }
    return new EarlierVerdicts(variants, metrics);
  }

  private static Map<String, String> texts(JsonNode object) {
    Map<String, String> texts = new HashMap<>();
    object.properties().forEach(e -> texts.put(e.getKey(), e.getValue().asText()));
    return texts;
  }

  /** All that was recorded, but for other ONNX files and their data. */
  private static boolean unchanged(
      String onnx, Map<String, String> recorded, Map<String, String> files) {
    Set<String> others = new TreeSet<>();
    recorded.keySet().stream()
        .filter(name -> name.endsWith(DeployedRecord.ONNX) && !name.equals(onnx))
        .forEach(others::add);
    // The data of x.onnx are in x.onnx_data, x.onnx_data_1, ...
    return recorded.entrySet().stream()
        .filter(e -> others.stream().noneMatch(e.getKey()::startsWith))
        .allMatch(e -> e.getValue().equals(files.get(e.getKey())));
  }

  /** Puts them into a new record, where what is judged now is put over them. */
  void copy(ObjectNode toVariants, ObjectNode toMetrics) {
    variants.forEach(toVariants::set);
    metrics.forEach(toMetrics::set);
  }
}
