package org.unlearn4j.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * JSON Lines: UTF-8, one JSON object a line, read as a stream. Empty lines are passed over. The
 * SHA-256 of the bytes is taken on the way, so that what is recorded is what was read.
 */
final class JsonLines {
  /** A longer line is not a question and its answer but a file without line breaks. */
  static final int MAX_LINE_BYTES = 16 << 20;

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final char BYTE_ORDER_MARK = '\uFEFF';

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
   *     #MAX_LINE_BYTES}
   */
  static String read(DataSource source, Consumer consumer) {
    MessageDigest digest = sha256();
    try (InputStream in = new DigestInputStream(source.opener().open(), digest)) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 12);
      byte[] block = new byte[1 << 16];
      int line = 1;
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        int from = 0;
        for (int i = 0; i < n; i++) {
          if (block[i] == '\n') {
            append(source, line, bytes, block, from, i);
            parse(source, line++, bytes, consumer);
            from = i + 1;
          }
        }
        append(source, line, bytes, block, from, n);
      }
      parse(source, line, bytes, consumer);
    } catch (IOException e) {
      throw new MachineException(source.name() + ": could not be read (" + e + ").", e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void append(
      DataSource source, int line, ByteArrayOutputStream bytes, byte[] block, int from, int to) {
    if (bytes.size() + (to - from) > MAX_LINE_BYTES) {
      throw source.error(line, "a line of more than 16 MiB", "JSON Lines, one object a line");
    }
    bytes.write(block, from, to - from);
  }

  private static void parse(
      DataSource source, int line, ByteArrayOutputStream bytes, Consumer consumer) {
    String text = decode(source, line, bytes.toByteArray());
    bytes.reset();
    if (line == 1 && !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK) {
      text = text.substring(1);
    }
    if (text.isBlank()) {
      return;
    }
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
    consumer.object(object, line);
  }

  private static String decode(DataSource source, int line, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes))
          .toString();
    } catch (CharacterCodingException e) {
      throw source.error(line, "bytes that are not UTF-8", "UTF-8 text", e);
    }
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

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
