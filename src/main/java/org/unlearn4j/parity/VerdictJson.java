package org.unlearn4j.parity;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;

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
    JsonInput root = JsonInput.read(file, "a verdict");
    Map<String, List<Gate>> gates = new LinkedHashMap<>();
    for (JsonInput gate : root.get("gates").elements()) {
      gates.computeIfAbsent(gate.get("runtime").text(), r -> new ArrayList<>()).add(gate(gate));
    }
    List<ParityResult> results = new ArrayList<>();
    for (JsonInput result : root.get("runtimes").elements()) {
      String runtime = result.get("runtime").text();
      results.add(
          new ParityResult(
              runtime,
              result.get("reference").text(),
              numeric(result.get("numeric")),
              metrics(result.get("metrics")),
              generations(result.get("generations")),
              gates.getOrDefault(runtime, List.of())));
    }
    return new Verdict(results);
  }

  private static Gate gate(JsonInput gate) {
    return new Gate(
        choice(Gate.Level.class, gate.get("level")),
        gate.get("name").text(),
        gate.get("value").number(),
        gate.get("limit").number(),
        choice(Gate.Comparison.class, gate.get("comparison")));
  }

  private static NumericDifference numeric(JsonInput numeric) {
    return new NumericDifference(
        (long) numeric.get("positions").number(),
        (int) numeric.get("labelled_tokens").number(),
        numeric.get("logit_max_abs").number(),
        numeric.get("logit_mean_abs").number(),
        numeric.get("logit_max_relative").number(),
        numeric.get("kl_mean").number(),
        numeric.get("kl_p999").number(),
        numeric.get("top1_agreement").number(),
        numeric.get("chunked_prefill").number(),
        numeric.get("cached_decoding").number());
  }

  private static List<MetricDifference> metrics(JsonInput metrics) {
    List<MetricDifference> differences = new ArrayList<>();
    metrics
        .fields()
        .forEach(
            (name, both) ->
                differences.add(
                    new MetricDifference(
                        name, both.get("trained").number(), both.get("deployed").number())));
    return differences;
  }

  private static GenerationDifferences generations(JsonInput generations) {
    List<GenerationDifferences.Different> different = new ArrayList<>();
    for (JsonInput row : generations.get("different").elements()) {
      different.add(
          new GenerationDifferences.Different(
              row.get("set").text(),
              row.get("index").integer(),
              row.get("position").integer(),
              row.get("trained").text(),
              row.get("deployed").text()));
    }
    return new GenerationDifferences(generations.get("rows").integer(), different);
  }

  private static <E extends Enum<E>> E choice(Class<E> type, JsonInput value) {
    for (E constant : type.getEnumConstants()) {
      if (constant.name().toLowerCase(Locale.ROOT).equals(value.text())) {
        return constant;
      }
    }
    throw value.mistake("one of " + List.of(type.getEnumConstants()));
  }
}
