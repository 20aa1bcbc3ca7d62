package org.unlearn4j.parity;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;

/** The file verify.json; numbers that are not finite are strings, as in the evaluation file. */
final class VerdictJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Where the logits' difference comes from; follows from the rest, and is written for readers. */
  private static final String ORIGIN = "difference_from";

  private static final String WEIGHTS = "weights";
  private static final String GRAPH = "graph";

  private VerdictJson() {}

  static void write(Verdict verdict, Path file) {
    ObjectNode root = JSON.createObjectNode();
    root.put("verdict", verdict.pass() ? "pass" : "fail");
    ArrayNode gates = root.putArray("gates");
    if (!verdict.survival().isEmpty()) {
      ArrayNode survival = root.putArray("survival");
      verdict.survival().forEach(row -> writeSurvival(survival.addObject(), row));
    }
    ArrayNode runtimes = root.putArray("runtimes");
    for (ParityResult result : verdict.results()) {
      result.gates().forEach(gate -> writeGate(gates.addObject(), result.deployed(), gate));
      writeResult(runtimes.addObject(), result);
    }
    AtomicFiles.writeFile(
        file, p -> JSON.writerWithDefaultPrettyPrinter().writeValue(p.toFile(), root));
  }

  /** What was not measured is null, and so is a rebound where there was no way to go back. */
  private static void writeSurvival(ObjectNode node, Survival row) {
    node.put("metric", row.metric());
    node.put("judged", row.judged());
    put(node, "target", row.target());
    put(node, "retain_only", row.retainOnly());
    put(node, "unlearned", row.unlearned());
    ObjectNode deployed = node.putObject("deployed");
    row.deployed()
        .forEach(
            (runtime, value) -> {
              ObjectNode file = deployed.putObject(runtime);
              put(file, "value", value);
              put(file, "rebound", row.rebound(runtime));
            });
  }

  private static void put(ObjectNode node, String name, double value) {
    if (Double.isNaN(value)) {
      node.putNull(name);
    } else {
      node.put(name, value);
    }
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
    if (Double.isNaN(gate.value())) {
      node.put("reason", gate.subject().noNumber());
    }
  }

  private static void writeResult(ObjectNode node, ParityResult result) {
    node.put("runtime", result.deployed());
    node.put("reference", result.trained());
    node.put("pass", result.pass());
    if (!result.session().isEmpty()) {
      result.session().forEach(node.putObject("session")::put);
    }
    if (!Double.isNaN(result.equalCodes())) {
      node.put("equal_codes", result.equalCodes());
    }
    result.origin().ifPresent(o -> node.put(ORIGIN, o.name().toLowerCase(Locale.ROOT)));
    result.weights().ifPresent(w -> WeightsJson.write(node.putObject(WEIGHTS), w));
    result.graph().ifPresent(g -> g.named().forEach(node.putObject(GRAPH)::put));
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
              gates.getOrDefault(runtime, List.of()),
              texts(result.get("session")),
              measured(result.get("equal_codes")),
              result.get(WEIGHTS).present()
                  ? Optional.of(WeightsJson.read(result.get(WEIGHTS)))
                  : Optional.empty(),
              result.get(GRAPH).present()
                  ? Optional.of(numeric(result.get(GRAPH)))
                  : Optional.empty()));
    }
    return new Verdict(
        results, root.get("survival").elements().stream().map(VerdictJson::survival).toList());
  }

  private static Map<String, String> texts(JsonInput object) {
    Map<String, String> texts = new LinkedHashMap<>();
    object.fields().forEach((name, value) -> texts.put(name, value.text()));
    return texts;
  }

  private static Survival survival(JsonInput row) {
    Map<String, Double> deployed = new LinkedHashMap<>();
    row.get("deployed")
        .fields()
        .forEach((runtime, file) -> deployed.put(runtime, measured(file.get("value"))));
    return new Survival(
        row.get("metric").text(),
        row.get("judged").node().asBoolean(),
        measured(row.get("target")),
        measured(row.get("retain_only")),
        measured(row.get("unlearned")),
        deployed);
  }

  private static double measured(JsonInput number) {
    return number.present() ? number.number() : Double.NaN;
  }

  private static Gate gate(JsonInput gate) {
    return new Gate(
        GateSubject.of(choice(Gate.Level.class, gate.get("level")), gate.get("name").text()),
        gate.get("value").number(),
        gate.get("limit").number(),
        choice(Gate.Comparison.class, gate.get("comparison")));
  }

  private static NumericDifference numeric(JsonInput numeric) {
    Map<NumericMeasure, Double> measured = new EnumMap<>(NumericMeasure.class);
    Arrays.stream(NumericMeasure.values())
        .filter(m -> m.absolute().isEmpty())
        .forEach(m -> measured.put(m, numeric.get(m.key()).number()));
    return new NumericDifference(
        (long) numeric.get("positions").number(),
        (int) numeric.get("labelled_tokens").number(),
        measured);
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
