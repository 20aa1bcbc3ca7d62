package org.unlearn4j.eval;

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
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.UserException;

/**
 * The evaluation file. Numbers that are not finite are the strings {@code "NaN"}, {@code
 * "Infinity"} and {@code "-Infinity"}, since JSON has no others for them.
 */
final class EvaluationJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> ROW_TEXTS = Set.of("question", "answer", "generation");

  private EvaluationJson() {}

  static void write(EvaluationResult result, Path file) {
    ObjectNode root = JSON.createObjectNode();
    root.put("model", result.model());
    root.put("runtime", result.runtime());
    root.put("suite", result.suite());
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
    node.put("generation", row.generation());
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
    if (!Files.isRegularFile(file)) {
      throw new UserException(file + ": found no such file, expected an evaluation.");
    }
    try {
      return new Reader(file).result(JSON.readTree(file.toFile()));
    } catch (JsonProcessingException e) {
      throw UserException.at(
          file, "line " + e.getLocation().getLineNr(), e.getOriginalMessage(), "JSON");
    } catch (IOException e) {
      throw UserException.at(file, "", "a file that cannot be read", "an evaluation");
    }
  }

  /** Reads one file; every complaint names it and the place. */
  private record Reader(Path file) {

    EvaluationResult result(JsonNode root) {
      Map<String, List<RowResult>> perRow = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> set : object(root, "per_row").properties()) {
        List<RowResult> rows = new ArrayList<>();
        for (JsonNode row : set.getValue()) {
          rows.add(row(row, "per_row." + set.getKey() + "[" + rows.size() + "]"));
        }
        perRow.put(set.getKey(), List.copyOf(rows));
      }
      Map<String, Map<String, Double>> entanglement = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> layer : root.path("entanglement").properties()) {
        entanglement.put(
            layer.getKey(), numbers(layer.getValue(), "entanglement." + layer.getKey()));
      }
      return new EvaluationResult(
          text(root, "model"),
          text(root, "runtime"),
          text(root, "suite"),
          numbers(object(root, "metrics"), "metrics"),
          perRow,
          entanglement,
          root.has("pca") ? Optional.of(picture(object(root, "pca"))) : Optional.empty(),
          number(root.path("seconds"), "seconds"),
          number(root.path("tokens_per_second"), "tokens_per_second"));
    }

    private RowResult row(JsonNode node, String place) {
      Map<String, Double> values = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> entry : node.properties()) {
        if (!ROW_TEXTS.contains(entry.getKey()) && !entry.getKey().equals("index")) {
          values.put(entry.getKey(), number(entry.getValue(), place + "." + entry.getKey()));
        }
      }
      return new RowResult(
          (int) number(node.path("index"), place + ".index"),
          node.path("question").asText(),
          node.path("answer").asText(),
          node.path("generation").asText(),
          values);
    }

    private FeaturePicture picture(JsonNode node) {
      List<Double> explained = new ArrayList<>();
      node.path("explained").forEach(e -> explained.add(number(e, "pca.explained")));
      return new FeaturePicture(
          node.path("layer").asText(),
          explained,
          points(node, "before", "forget"),
          points(node, "before", "retain"),
          points(node, "after", "forget"),
          points(node, "after", "retain"));
    }

    private List<FeaturePicture.Point> points(JsonNode node, String when, String set) {
      List<FeaturePicture.Point> points = new ArrayList<>();
      for (JsonNode p : node.path(when).path(set)) {
        String place = "pca." + when + "." + set + "[" + points.size() + "]";
        points.add(new FeaturePicture.Point(number(p.path(0), place), number(p.path(1), place)));
      }
      return points;
    }

    private Map<String, Double> numbers(JsonNode node, String place) {
      Map<String, Double> numbers = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> entry : node.properties()) {
        numbers.put(entry.getKey(), number(entry.getValue(), place + "." + entry.getKey()));
      }
      return numbers;
    }

    private double number(JsonNode node, String place) {
      if (node.isNumber()) {
        return node.doubleValue();
      }
      return switch (node.asText()) {
        case "NaN" -> Double.NaN;
        case "Infinity" -> Double.POSITIVE_INFINITY;
        case "-Infinity" -> Double.NEGATIVE_INFINITY;
        default -> throw UserException.at(file, place, found(node), "a number");
      };
    }

    private String text(JsonNode root, String name) {
      if (!root.path(name).isTextual()) {
        throw UserException.at(file, name, found(root.path(name)), "a text");
      }
      return root.get(name).asText();
    }

    private JsonNode object(JsonNode root, String name) {
      if (!root.path(name).isObject()) {
        throw UserException.at(file, name, found(root.path(name)), "an object");
      }
      return root.get(name);
    }

    private static String found(JsonNode node) {
      return node.isMissingNode() ? "nothing" : node.toString();
    }
  }
}
