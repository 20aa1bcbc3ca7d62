package org.unlearn4j.eval;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;

/** The evaluation file; see {@link JsonInput} on numbers that are not finite. */
final class EvaluationJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> ROW_TEXTS = Set.of("question", "answer", "generation");

  private EvaluationJson() {}

  static void write(EvaluationResult result, Path file) {
    ObjectNode root = JSON.createObjectNode();
    root.put("model", result.model());
    root.put("runtime", result.runtime());
    root.put("suite", result.suite());
    if (!result.weights().isEmpty()) {
      ObjectNode weights = root.putObject("weights_sha256");
      new TreeMap<>(result.weights()).forEach(weights::put);
    }
    if (!result.session().isEmpty()) {
      result.session().forEach(root.putObject("session")::put);
    }
    putNumbers(root.putObject("metrics"), result.metrics());
    ObjectNode sets = root.putObject("per_row");
    result
        .perRow()
        .forEach(
            (set, rows) -> {
              ArrayNode array = sets.putArray(set);
              rows.forEach(row -> writeRow(array, row));
            });
    ObjectNode layers = root.putObject("entanglement");
    result.entanglement().forEach((layer, m) -> putNumbers(layers.putObject(layer), m));
    result.pca().ifPresent(picture -> writePicture(root.putObject("pca"), picture));
    if (!result.routing().isEmpty()) {
      RoutingJson.write(result.routing(), root.putObject("routing"));
    }
    putNumbers(
        root, Map.of("seconds", result.seconds(), "tokens_per_second", result.tokensPerSecond()));
    AtomicFiles.writeFile(
        file, p -> JSON.writerWithDefaultPrettyPrinter().writeValue(p.toFile(), root));
  }

  private static void putNumbers(ObjectNode node, Map<String, Double> numbers) {
    numbers.forEach(node::put);
  }

  private static void writeRow(ArrayNode rows, RowResult row) {
    ObjectNode node = rows.addObject();
    node.put("index", row.index());
    node.put("question", row.question());
    node.put("answer", row.answer());
    putNumbers(node, row.values());
    if (row.generated()) {
      node.put("generation", row.generation());
    }
  }

  private static void writePicture(ObjectNode node, FeaturePicture picture) {
    node.put("layer", picture.layer());
    ArrayNode explained = node.putArray("explained");
    picture.explained().forEach(explained::add);
    ObjectNode before = node.putObject("before");
    writePoints(before.putArray("forget"), picture.forgetBefore());
    writePoints(before.putArray("retain"), picture.retainBefore());
    ObjectNode after = node.putObject("after");
    writePoints(after.putArray("forget"), picture.forgetAfter());
    writePoints(after.putArray("retain"), picture.retainAfter());
  }

  private static void writePoints(ArrayNode array, List<FeaturePicture.Point> points) {
    points.forEach(p -> array.addArray().add(p.x()).add(p.y()));
  }

  static EvaluationResult read(Path file) {
    JsonInput root = JsonInput.read(file, "an evaluation");
    Map<String, List<RowResult>> perRow = new LinkedHashMap<>();
    root.get("per_row")
        .required("an object")
        .fields()
        .forEach(
            (set, rows) ->
                perRow.put(set, rows.elements().stream().map(EvaluationJson::row).toList()));
    Map<String, Map<String, Double>> entanglement = new LinkedHashMap<>();
    root.get("entanglement")
        .fields()
        .forEach((layer, measures) -> entanglement.put(layer, measures.numbers()));
    JsonInput pca = root.get("pca");
    return new EvaluationResult(
        new EvaluationResult.Measured(
            root.get("model").text(),
            root.get("runtime").text(),
            texts(root.get("weights_sha256")),
            texts(root.get("session"))),
        new EvaluationResult.Scores(
            root.get("suite").text(), root.get("metrics").required("an object").numbers(), perRow),
        new EvaluationResult.Features(
            entanglement,
            pca.present() ? Optional.of(picture(pca)) : Optional.empty(),
            RoutingJson.read(root.get("routing"))),
        new EvaluationResult.Timing(
            root.get("seconds").number(), root.get("tokens_per_second").number()));
  }

  private static Map<String, String> texts(JsonInput object) {
    Map<String, String> texts = new LinkedHashMap<>();
    object.fields().forEach((name, value) -> texts.put(name, value.text()));
    return texts;
  }

  private static RowResult row(JsonInput row) {
    Map<String, Double> values = new LinkedHashMap<>();
    row.fields()
        .forEach(
            (name, value) -> {
              if (!ROW_TEXTS.contains(name) && !name.equals("index")) {
                values.put(name, value.number());
              }
            });
    return new RowResult(
        row.get("index").integer(),
        row.get("question").text(),
        row.get("answer").text(),
        row.get("generation").present() ? row.get("generation").text() : "",
        values);
  }

  private static FeaturePicture picture(JsonInput pca) {
    return new FeaturePicture(
        pca.get("layer").text(),
        pca.get("explained").elements().stream().map(JsonInput::number).toList(),
        points(pca.get("before").get("forget")),
        points(pca.get("before").get("retain")),
        points(pca.get("after").get("forget")),
        points(pca.get("after").get("retain")));
  }

  private static List<FeaturePicture.Point> points(JsonInput points) {
    return points.elements().stream()
        .map(p -> new FeaturePicture.Point(p.get(0).number(), p.get(1).number()))
        .toList();
  }
}
