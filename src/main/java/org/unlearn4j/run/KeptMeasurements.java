package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.UserException;

/**
 * Metrics that a stage has measured so far, in a file that is replaced whole after each of them: a
 * stage that is killed does not do again what it had done.
 */
final class KeptMeasurements {
  private final Path file;
  private final String key;
  private final Map<String, Map<String, Double>> measured = new LinkedHashMap<>();

  /**
   * Takes up what is there.
   *
   * @param key identifies settings, weights and data: measurements of others are not used
   */
  KeptMeasurements(Path file, String key) {
    this.file = file;
    this.key = key;
    if (!Files.isRegularFile(file)) {
      return;
    }
    try {
      JsonInput root = JsonInput.read(file, "measurements");
      if (root.get("key").text().equals(key)) {
        root.get("measured").fields().forEach((name, m) -> measured.put(name, m.numbers()));
      }
    } catch (UserException e) {
      measured.clear(); // nobody's input: what cannot be read is measured again
    }
  }

  boolean has(String name) {
    return measured.containsKey(name);
  }

  /** The metrics under a name, measured now unless they are known. */
  Map<String, Double> get(String name, Supplier<Map<String, Double>> measure) {
    Map<String, Double> known = measured.get(name);
    if (known == null) {
      known = measure.get();
      measured.put(name, known);
      write();
    }
    return known;
  }

  /** All whose names begin so, by the rest of the name. */
  Map<String, Map<String, Double>> beginning(String prefix) {
    Map<String, Map<String, Double>> some = new LinkedHashMap<>();
    measured.forEach(
        (name, metrics) -> {
          if (name.startsWith(prefix)) {
            some.put(name.substring(prefix.length()), metrics);
          }
        });
    return some;
  }

  private void write() {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode().put("key", key);
    ObjectNode all = root.putObject("measured");
    measured.forEach(
        (name, metrics) -> {
          ObjectNode node = all.putObject(name);
          metrics.forEach(node::put);
        });
    AtomicFiles.writeFile(file, p -> mapper.writeValue(p.toFile(), root));
  }

  /** Gives up the file; to be called when the result is safely written. */
  void finish() {
    AtomicFiles.deleteTree(file);
  }
}
