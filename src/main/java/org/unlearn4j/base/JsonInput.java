package org.unlearn4j.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A value in a JSON file that knows where it stands, so that every complaint names file and place.
 *
 * <p>Numbers that are not finite are the strings {@code "NaN"}, {@code "Infinity"} and {@code
 * "-Infinity"}, since JSON has no others for them (Jackson writes them so).
 *
 * @param place path within the file, for instance {@code metrics.forget_prob}; empty for the root
 * @param node the value; a missing node where there is none
 */
public record JsonInput(Path file, String place, JsonNode node) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Reads a file that must hold an object.
   *
   * @param expected what the file should be, for the complaint, for instance {@code an evaluation}
   * @throws UserException if it is not there, not JSON or no object
   */
  public static ObjectNode object(Path file, String expected) {
    JsonInput input = read(file, expected);
    if (!(input.node instanceof ObjectNode object)) {
      throw UserException.at(file, "", "no JSON object", expected);
    }
    return object;
  }

  /**
   * Reads a file.
   *
   * @param expected what the file should be, for the complaint, for instance {@code an evaluation}
   * @throws UserException if it is not there or not JSON
   */
  public static JsonInput read(Path file, String expected) {
    if (!Files.isRegularFile(file)) {
      throw new UserException(file + ": found no such file, expected " + expected + ".");
    }
    try {
      return new JsonInput(file, "", JSON.readTree(file.toFile()));
    } catch (JsonProcessingException e) {
      throw broken(file, e, expected);
    } catch (IOException e) {
      throw UserException.at(file, "", "a file that cannot be read", expected, e);
    }
  }

  /**
   * What to throw where Jackson refuses a file. Of what it refuses for its size (nesting, long
   * names, long numbers) it knows no place.
   */
  public static UserException broken(Path file, JsonProcessingException e, String expected) {
    return broken(file, e, 0, expected);
  }

  /**
   * The same for one line of a file.
   *
   * @param line counted from 1; 0: the whole was read, and Jackson knows the line
   */
  public static UserException broken(
      Path file, JsonProcessingException e, int line, String expected) {
    int known = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
    int at = line > 0 ? line : known;
    String reason = e.getOriginalMessage().lines().findFirst().orElse("");
    return UserException.at(
        file, at > 0 ? "line " + at : "", "invalid JSON (" + reason + ")", expected, e);
  }

  /** Whether there is a value other than null. */
  public boolean present() {
    return !node.isMissingNode() && !node.isNull();
  }

  /** A field; one that is not present where there is none. */
  public JsonInput get(String name) {
    return new JsonInput(file, place.isEmpty() ? name : place + "." + name, node.path(name));
  }

  /** An element of an array; one that is not present where there is none. */
  public JsonInput get(int index) {
    return new JsonInput(file, place + "[" + index + "]", node.path(index));
  }

  /** All fields in their order; none where there is no value. */
  public Map<String, JsonInput> fields() {
    if (present() && !node.isObject()) {
      throw mistake("an object");
    }
    Map<String, JsonInput> fields = new LinkedHashMap<>();
    node.properties().forEach(entry -> fields.put(entry.getKey(), get(entry.getKey())));
    return fields;
  }

  /** All elements in their order; none where there is no value. */
  public List<JsonInput> elements() {
    if (present() && !node.isArray()) {
      throw mistake("an array");
    }
    List<JsonInput> elements = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      elements.add(get(i));
    }
    return elements;
  }

  /** The value as a number. */
  public double number() {
    if (node.isNumber()) {
      return node.doubleValue();
    }
    return switch (node.asText()) {
      case "NaN" -> Double.NaN;
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> throw mistake("a number");
    };
  }

  /** The value as a whole number. */
  public int integer() {
    if (!node.isIntegralNumber() || !node.canConvertToInt()) {
      throw mistake("a whole number");
    }
    return node.intValue();
  }

  /** The value as a text. */
  public String text() {
    if (!node.isTextual()) {
      throw mistake("a text");
    }
    return node.textValue();
  }

  /** All fields as numbers, in their order. */
  public Map<String, Double> numbers() {
    Map<String, Double> numbers = new LinkedHashMap<>();
    fields().forEach((name, value) -> numbers.put(name, value.number()));
    return numbers;
  }

  /** Checks that there is a value here. */
  public JsonInput required(String expected) {
    if (!present()) {
      throw mistake(expected);
    }
    return this;
  }

  /** What to throw where something else was expected here. */
  public UserException mistake(String expected) {
    return UserException.at(file, place, present() ? node.toString() : "nothing", expected);
  }
}
