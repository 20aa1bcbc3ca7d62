package org.unlearn4j.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.unlearn4j.base.UserException;

/** JSON Lines: one JSON object a line. Empty lines are passed over. */
final class JsonLines {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private JsonLines() {}

  /** Told of each object. */
  @FunctionalInterface
  interface Consumer {
    void object(ObjectNode object, int line);
  }

  /**
   * Reads all lines.
   *
   * @return SHA-256 of the bytes, in lower-case hexadecimal
   * @throws UserException at the first line that is no JSON object, no UTF-8, or longer than {@link
   *     TextLines#MAX_LINE_BYTES}
   */
  static String read(DataSource source, Consumer consumer) {
    return TextLines.read(
        source,
        "JSON Lines, one object a line",
        (text, line) -> {
          if (!text.isBlank()) {
            consumer.object(object(source, text, line), line);
          }
        });
  }

  private static ObjectNode object(DataSource source, String text, int line) {
    JsonNode node;
    try {
      node = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      String column = e.getLocation() == null ? "" : " at column " + e.getLocation().getColumnNr();
      String reason = e.getOriginalMessage().lines().findFirst().orElse("");
      throw source.error(
          line, "broken JSON" + column + " (" + reason + ")", "one JSON object a line", e);
    }
    if (!(node instanceof ObjectNode object)) {
      throw source.error(line, "a JSON " + typeName(node), "one JSON object a line");
    }
    return object;
  }

  static String typeName(JsonNode node) {
    return switch (node.getNodeType()) {
      case ARRAY -> "list";
      case BINARY, POJO, OBJECT -> "object";
      case BOOLEAN -> "boolean";
      case MISSING, NULL -> "null";
      case NUMBER -> "number";
      case STRING -> "string";
    };
  }
}
