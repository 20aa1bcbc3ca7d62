package org.unlearn4j.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Optional;
import org.unlearn4j.base.UserException;

/**
 * Records of a JSON file in either form in which benchmarks are published: one array (on one line,
 * mostly), or JSON Lines.
 */
final class JsonRecords {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private JsonRecords() {}

  /** Told of each record. */
  @FunctionalInterface
  interface Consumer {
    /**
     * Takes a record.
     *
     * @param at the file for complaints, with the record's place in its array where it is in one
     * @param line its line in the file, counted from 1
     */
    void record(JsonNode record, DataSource at, int line);
  }

  /**
   * Reads all records.
   *
   * @return SHA-256 of the bytes, lower-case hexadecimal
   * @throws UserException with the line of what is no JSON, or not UTF-8
   */
  static String read(DataSource source, Consumer consumer) {
    WholeText whole = WholeText.read(source);
    if (!whole.text().stripLeading().startsWith("[")) {
      return JsonLines.read(source, (object, line) -> consumer.record(object, source, line));
    }
    try (JsonParser parser = JSON.createParser(whole.text())) {
      parser.nextToken();
      int element = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        int line = parser.currentTokenLocation().getLineNr();
        DataSource at = new DataSource(source.name() + ", element " + element++, source.opener());
        consumer.record(JSON.readTree(parser), at, line);
      }
      if (parser.nextToken() != null) {
        throw source.error(
            parser.currentTokenLocation().getLineNr(),
            "something after the end of the array",
            "one JSON array");
      }
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      String reason = e.getOriginalMessage().lines().findFirst().orElse("");
      throw source.error(line, "broken JSON (" + reason + ")", "one JSON array", e);
    } catch (IOException e) {
      throw new IllegalStateException("a string is always there to be read", e);
    }
    return whole.sha256();
  }

  /** A record that has fields. */
  static ObjectNode object(JsonNode record, DataSource at, int line) {
    if (record instanceof ObjectNode object) {
      return object;
    }
    throw at.error(line, "a JSON " + JsonLines.typeName(record), "a JSON object");
  }

  /** A field that must be there. */
  static String required(ObjectNode object, String field, DataSource at, int line) {
    return optional(object, field, at, line)
        .orElseThrow(() -> at.error(line, "no field \"" + field + "\"", "a string there"));
  }

  /** A field that may be missing, but not be anything but text. */
  static Optional<String> optional(ObjectNode object, String field, DataSource at, int line) {
    JsonNode node = object.get(field);
    return node == null || node.isNull()
        ? Optional.empty()
        : Optional.of(text(node, field, at, line));
  }

  /** A text with something in it. */
  static String text(JsonNode node, String field, DataSource at, int line) {
    if (!node.isTextual()) {
      throw at.error(line, field + " that is a " + JsonLines.typeName(node), "a string");
    }
    if (node.asText().isBlank()) {
      throw at.error(line, "an empty " + field, "text");
    }
    return node.asText();
  }
}
