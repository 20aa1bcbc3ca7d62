package org.unlearn4j.parity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.UserException;

/** The file verify.json; numbers that are not finite are strings, as in the evaluation file. */
final class VerdictJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private VerdictJson() {}

  static void write(Verdict verdict, Path file) {
    ObjectNode root = JSON.createObjectNode();
    root.put("verdict", verdict.pass() ? "pass" : "fail");
    ArrayNode gates = root.putArray("gates");
    ArrayNode runtimes = root.putArray("runtimes");
    for (ParityResult result : verdict.results()) {
      result.gates().forEach(gate -> writeGate(gates.addObject(), result.deployed(), gate));
      writeResult(runtimes.addObject(), result);
    }
    AtomicFiles.writeFile(
        file, p -> JSON.writerWithDefaultPrettyPrinter().writeValue(p.toFile(), root));
  }

  private static void writeGate(ObjectNode node, String runtime, Gate gate) {
    node.put("runtime", runtime);
    node.put("level", gate.level().label());
    node.put("name", gate.name());
    node.put("value", gate.value());
    node.put("limit", gate.limit());
    node.put("comparison", gate.comparison().label());
    node.put("pass", gate.pass());
    node.put("excess", gate.excess());
  }

  private static void writeResult(ObjectNode node, ParityResult result) {
    node.put("runtime", result.deployed());
    node.put("reference", result.trained());
    node.put("pass", result.pass());
    ObjectNode numeric = node.putObject("numeric");
    result.numeric().named().forEach(numeric::put);
    ObjectNode metrics = node.putObject("metrics");
    for (MetricDifference metric : result.metrics()) {
      ObjectNode entry = metrics.putObject(metric.name());
      entry.put("trained", metric.trained());
      entry.put("deployed", metric.deployed());
      entry.put("difference", metric.difference());
    }
    ObjectNode generations = node.putObject("generations");
    generations.put("rows", result.generations().rows());
    generations.put("identical", result.generations().identicalShare());
    ArrayNode different = generations.putArray("different");
    for (GenerationDifferences.Different row : result.generations().different()) {
      ObjectNode entry = different.addObject();
      entry.put("set", row.set());
      entry.put("index", row.index());
      entry.put("position", row.position());
      entry.put("trained", row.trained());
      entry.put("deployed", row.deployed());
    }
  }

  static Verdict read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UserException(file + ": found no such file, expected a verdict.");
    }
    try {
      return new Reader(file).verdict(JSON.readTree(file.toFile()));
    } catch (JsonProcessingException e) {
      throw UserException.at(
          file, "line " + e.getLocation().getLineNr(), e.getOriginalMessage(), "JSON");
    } catch (IOException e) {
      throw UserException.at(file, "", "a file that cannot be read", "a verdict");
    }
  }

  /** Reads one file; every complaint names it and the place. */
  private record Reader(Path file) {

    Verdict verdict(JsonNode root) {
      Map<String, List<Gate>> gates = new LinkedHashMap<>();
      for (JsonNode node : root.path("gates")) {
        gates.computeIfAbsent(text(node, "runtime"), r -> new ArrayList<>()).add(gate(node));
      }
      List<ParityResult> results = new ArrayList<>();
      for (JsonNode node : root.path("runtimes")) {
        String runtime = text(node, "runtime");
        results.add(
            new ParityResult(
                runtime,
                text(node, "reference"),
                numeric(node.path("numeric")),
                metrics(node.path("metrics")),
                generations(node.path("generations")),
                gates.getOrDefault(runtime, List.of())));
      }
      return new Verdict(results);
    }

    private Gate gate(JsonNode node) {
      return new Gate(
          choice(Gate.Level.class, node, "level"),
          text(node, "name"),
          number(node, "value"),
          number(node, "limit"),
          choice(Gate.Comparison.class, node, "comparison"));
    }

    private NumericDifference numeric(JsonNode node) {
      return new NumericDifference(
          (long) number(node, "positions"),
          (int) number(node, "labelled_tokens"),
          number(node, "logit_max_abs"),
          number(node, "logit_mean_abs"),
          number(node, "logit_max_relative"),
          number(node, "kl_mean"),
          number(node, "kl_p999"),
          number(node, "top1_agreement"),
          number(node, "chunked_prefill"),
          number(node, "cached_decoding"));
    }

    private List<MetricDifference> metrics(JsonNode node) {
      List<MetricDifference> metrics = new ArrayList<>();
      for (Map.Entry<String, JsonNode> entry : node.properties()) {
        JsonNode both = entry.getValue();
        metrics.add(
            new MetricDifference(
                entry.getKey(), number(both, "trained"), number(both, "deployed")));
      }
      return metrics;
    }

    private GenerationDifferences generations(JsonNode node) {
      List<GenerationDifferences.Different> different = new ArrayList<>();
      for (JsonNode row : node.path("different")) {
        different.add(
            new GenerationDifferences.Different(
                text(row, "set"),
                (int) number(row, "index"),
                (int) number(row, "position"),
                text(row, "trained"),
                text(row, "deployed")));
      }
      return new GenerationDifferences((int) number(node, "rows"), different);
    }

    private <E extends Enum<E>> E choice(Class<E> type, JsonNode node, String name) {
      for (E constant : type.getEnumConstants()) {
        if (constant.name().toLowerCase(Locale.ROOT).equals(node.path(name).asText())) {
          return constant;
        }
      }
      throw UserException.at(file, name, node.path(name).toString(), "a gate's " + name);
    }

    private double number(JsonNode node, String name) {
      JsonNode value = node.path(name);
      if (value.isNumber()) {
        return value.doubleValue();
      }
      return switch (value.asText()) {
        case "NaN" -> Double.NaN;
        case "Infinity" -> Double.POSITIVE_INFINITY;
        case "-Infinity" -> Double.NEGATIVE_INFINITY;
        default -> throw UserException.at(file, name, value.toString(), "a number");
      };
    }

    private String text(JsonNode node, String name) {
      if (!node.path(name).isTextual()) {
        throw UserException.at(file, name, node.path(name).toString(), "a text");
      }
      return node.get(name).asText();
    }
  }
}
