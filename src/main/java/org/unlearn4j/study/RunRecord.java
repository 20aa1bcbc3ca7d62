package org.unlearn4j.study;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.weights.Variant;

/**
 * {@code run.json}: which settings a folder's results are of. It is written after the results, and
 * removed before they are made again, so that what it says is there is there whole.
 *
 * @param unlearning identifies settings and inputs of the unlearned model; empty for a folder that
 *     unlearns nothing
 * @param evaluation identifies those of the evaluations; empty where there are none yet
 * @param stepSeconds time of a training step, see {@link #undisturbedStep}; NaN where there was
 *     none
 * @param export identifies settings and inputs of the deployable folder; empty where there is none
 * @param deployed identifies those of each deployed file's evaluation, by its format
 */
record RunRecord(
    String unlearning,
    String evaluation,
    double stepSeconds,
    String export,
    Map<String, String> deployed) {
  private static final String FILE = "run.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  RunRecord {
    deployed = Collections.unmodifiableMap(new TreeMap<>(deployed));
  }

  /** Of a folder in which nothing was deployed. */
  RunRecord(String unlearning, String evaluation, double stepSeconds) {
    this(unlearning, evaluation, stepSeconds, "", Map.of());
  }

  RunRecord evaluated(String key) {
    return new RunRecord(unlearning, key, stepSeconds, export, deployed);
  }

  /** Nothing that was measured of an older export counts any more. */
  RunRecord exported(String key) {
    return new RunRecord(unlearning, evaluation, stepSeconds, key, Map.of());
  }

  RunRecord deployed(Variant format, String key) {
    Map<String, String> all = new TreeMap<>(deployed);
    all.put(format.label(), key);
    return new RunRecord(unlearning, evaluation, stepSeconds, export, all);
  }

  /** Empty where there is none, or one that was not written here. */
  static Optional<RunRecord> read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      JsonNode node = JSON.readTree(file.toFile());
      Map<String, String> deployed = new TreeMap<>();
      node.path("deployed")
          .properties()
          .forEach(e -> deployed.put(e.getKey(), e.getValue().asText()));
      return Optional.of(
          new RunRecord(
              node.path("unlearning").asText(),
              node.path("evaluation").asText(),
              node.path("step_seconds").asDouble(Double.NaN),
              node.path("export").asText(),
              deployed));
    } catch (IOException e) {
      return Optional.empty(); // not ours: the run is made again
    }
  }

  void write(Path folder) {
    ObjectNode node = JSON.createObjectNode();
    node.put("unlearning", unlearning).put("evaluation", evaluation);
    node.put("step_seconds", stepSeconds);
    node.put("export", export);
    ObjectNode formats = node.putObject("deployed");
    deployed.forEach(formats::put);
    AtomicFiles.writeString(folder.resolve(FILE), node.toPrettyString() + "\n");
  }

  static void delete(Path folder) {
    AtomicFiles.deleteTree(folder.resolve(FILE));
  }

  /**
   * Seconds that the fastest tenth of the steps in a training log stayed within: the loop alone,
   * without start, checkpoints and evaluation. A median would tell what else ran on the machine.
   */
  static double undisturbedStep(Path log) {
    try (Stream<String> lines = Files.lines(log)) {
      double[] sorted = lines.flatMapToDouble(RunRecord::seconds).sorted().toArray();
      return sorted.length == 0 ? Double.NaN : sorted[(sorted.length - 1) / 10];
    } catch (IOException e) {
      throw new MachineException(log + ": could not be read.", e);
    }
  }

  private static DoubleStream seconds(String line) {
    try {
      double seconds = JSON.readTree(line).path("seconds").asDouble(Double.NaN);
      return Double.isNaN(seconds) ? DoubleStream.empty() : DoubleStream.of(seconds);
    } catch (JsonProcessingException e) {
      return DoubleStream.empty(); // cut off by a kill; the step was done again
    }
  }
}
