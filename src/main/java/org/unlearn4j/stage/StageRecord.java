package org.unlearn4j.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.unlearn4j.base.AtomicFiles;

/**
 * What lies beside an output and says of what it is: {@code .NAME.stage}, JSON.
 *
 * @param stage name of the stage
 * @param identity SHA-256 over the inputs
 * @param outputs SHA-256 of each file that was written, by name
 * @param versions of this program and its runtimes; they decide nothing
 * @param finished when
 * @param seconds how long it took
 * @param pass whether every gate that it judged held
 */
public record StageRecord(
    String stage,
    String identity,
    Inputs inputs,
    SortedMap<String, String> outputs,
    Map<String, String> versions,
    Instant finished,
    double seconds,
    boolean pass) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The record that belongs to an output. */
  public static Path file(Path output) {
    Path absolute = output.toAbsolutePath().normalize();
    return absolute.resolveSibling("." + absolute.getFileName() + ".stage");
  }

  /** Empty where there is none, or one that cannot be read: then the stage runs. */
  public static Optional<StageRecord> read(Path output) {
    Path file = file(output);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      JsonNode node = JSON.readTree(file.toFile());
      if (node.path("format").asInt() != Inputs.FORMAT) {
        return Optional.empty();
      }
      if (texts(node.path("outputs")).keySet().stream().anyMatch(n -> n.indexOf('\0') >= 0)) {
        return Optional.empty(); // no name of a file
      }
      return Optional.of(
          new StageRecord(
              node.path("stage").asText(),
              node.path("identity").asText(),
              new Inputs(texts(node.path("settings")), texts(node.path("inputs"))),
              texts(node.path("outputs")),
              texts(node.path("versions")),
              Instant.parse(node.path("finished").asText()),
              node.path("seconds").asDouble(),
              node.path("pass").asBoolean()));
    } catch (IOException | RuntimeException e) {
      return Optional.empty(); // nobody's input: what cannot be read is made again
    }
  }

  private static SortedMap<String, String> texts(JsonNode node) {
    SortedMap<String, String> texts = new TreeMap<>();
    node.properties().forEach(e -> texts.put(e.getKey(), e.getValue().asText()));
    return texts;
  }

  void write(Path output) {
    ObjectNode node = JSON.createObjectNode();
    node.put("format", Inputs.FORMAT).put("stage", stage).put("identity", identity);
    node.put("finished", finished.toString()).put("seconds", seconds).put("pass", pass);
    versions.forEach(node.putObject("versions")::put);
    inputs.settings().forEach(node.putObject("settings")::put);
    inputs.content().forEach(node.putObject("inputs")::put);
    outputs.forEach(node.putObject("outputs")::put);
    AtomicFiles.writeString(file(output), node.toPrettyString() + "\n");
  }
}
