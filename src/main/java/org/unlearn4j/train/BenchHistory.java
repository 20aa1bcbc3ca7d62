package org.unlearn4j.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.HostMemory;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Median;
import org.unlearn4j.base.TargetLock;
import org.unlearn4j.base.UserException;
import org.unlearn4j.base.Versions;

/**
 * Measurements of {@code bench} in a file, one JSON object a line, so that a slower step is seen.
 */
public final class BenchHistory {
  /** What must be the same for two measurements to be held against each other. */
  private static final List<String> ALIKE =
      List.of(
          "processor",
          "threads",
          "device",
          "precision",
          "objective",
          "shape",
          "parameters",
          "rows",
          "tokens",
          "labelled",
          "recompute",
          "stored",
          "adapter",
          "optimizer",
          "sets");

  /** Of these the value says what it is of. */
  private static final Set<String> PLAIN =
      Set.of("processor", "device", "precision", "shape", "optimizer");

  private static final String STEP = "step_ms";
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Path file;

  /** The history in a file, which need not be there yet. */
  public BenchHistory(Path file) {
    this.file = file;
  }

  /**
   * Measurements that can be compared, in the order of the file.
   *
   * @param what they have in common, in words
   * @param first milliseconds of a step
   * @param before median of all but the last; that of the last where there is no other
   */
  public record Trend(String what, int count, double first, double before, double last) {
    /** The last step's time to the median of those before. */
    public double ratio() {
      return last / before;
    }
  }

  /**
   * Whether a measurement can be added; to be asked before minutes of measuring, not after them.
   *
   * @throws UserException if there is a folder of that name, or the file holds something else
   */
  public void requireOwn() {
    List<ObjectNode> ignored = read();
  }

  /**
   * Adds a measurement with the machine's facts and the versions. Of two processes that do so one
   * waits.
   *
   * @param measured what {@code bench --json} prints
   * @throws org.unlearn4j.base.UserException if the file holds something else already
   */
  public void append(ObjectNode measured, String processor) {
    ObjectNode entry = MAPPER.createObjectNode();
    entry
        .put("time", Instant.now().toString())
        .put("version", Versions.unlearn4j())
        .put("java", Runtime.version().toString())
        .put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"))
        .put("processor", processor)
        .put("free_memory_mb", HostMemory.available() >> 20);
    entry.setAll(measured);
    boolean ignored =
        TargetLock.<Boolean, RuntimeException>holding(
            file,
            System.err::println,
            () -> {
              List<ObjectNode> all = read();
              all.add(entry);
              AtomicFiles.writeString(
                  file,
                  all.stream()
                      .map(ObjectNode::toString)
                      .collect(Collectors.joining("\n", "", "\n")));
              return true;
            });
  }

  /**
   * The trends, in the order in which their first measurements were made. A measurement that does
   * not say one of the things that must be alike is alike to none that does.
   *
   * @throws UserException if there is no such file, or it holds something else
   */
  public List<Trend> trends() {
    if (!Files.exists(file)) {
      throw UserException.at(
          file, "", "no such file", "measurements of bench (bench --history FILE writes them)");
    }
    Map<String, List<Double>> byKind = new LinkedHashMap<>();
    for (ObjectNode entry : read()) {
      String kind =
          ALIKE.stream()
              .map(k -> text(entry, k))
              .filter(text -> !text.isEmpty())
              .collect(Collectors.joining(", "));
      byKind.computeIfAbsent(kind, k -> new ArrayList<>()).add(entry.get(STEP).doubleValue());
    }
    List<Trend> trends = new ArrayList<>();
    byKind.forEach(
        (kind, ms) -> {
          double last = ms.get(ms.size() - 1);
          double[] earlier =
              ms.stream().limit(ms.size() - 1L).mapToDouble(Double::doubleValue).toArray();
          double before = earlier.length == 0 ? last : Median.of(earlier);
          trends.add(new Trend(kind, ms.size(), ms.get(0), before, last));
        });
    return trends;
  }

  private static String text(JsonNode entry, String key) {
    String value = entry.path(key).asText();
    return value.isEmpty() || PLAIN.contains(key) ? value : key + " " + value;
  }

  private List<ObjectNode> read() {
    List<ObjectNode> all = new ArrayList<>();
    if (!Files.exists(file)) {
      return all;
    }
    if (Files.isDirectory(file)) {
      throw UserException.at(file, "", "a folder", "a file with measurements of bench, or nothing");
    }
    try {
      for (String line : Files.readAllLines(file)) {
        JsonNode entry = MAPPER.readTree(line);
        if (!(entry instanceof ObjectNode object) || !entry.path(STEP).isNumber()) {
          throw UserException.at(file, "line " + (all.size() + 1), line, "a measurement of bench");
        }
        all.add(object);
      }
      return all;
    } catch (JsonProcessingException e) {
      throw JsonInput.broken(file, e, "measurements of bench, a line each");
    } catch (IOException e) {
      throw new MachineException(file + ": could not be read (" + e + ").", e);
    }
  }
}
