package org.unlearn4j.ledger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.base.Hashes;

/**
 * One record of a ledger, one line of its file: {@code {..., "hash":"H"}}, where H is the SHA-256
 * of every byte of the line before {@code ,"hash"}. Keys are sorted and nothing stands between
 * tokens, so that one record has one spelling; since bytes are hashed, nobody has to spell it again
 * to check it.
 *
 * @param number from 0
 * @param parent hash of the record before; {@link #NO_PARENT} for the first
 * @param at time of writing, ISO 8601 in UTC
 * @param content what is recorded, by kind
 * @param hash of all of it
 */
public record Entry(
    int number, String parent, String at, Kind kind, ObjectNode content, String hash) {
  /** What the first record names as its parent. */
  public static final String NO_PARENT = "0".repeat(64);

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  private static final Pattern LINE =
      Pattern.compile("(\\{.*),\"hash\":\"([0-9a-f]{64})\"\\}", Pattern.DOTALL);

  /** What a record is about. */
  public enum Kind {
    /** The ledger begins: first model, template, limits. */
    BEGUN,
    /** Requests were unlearned; the model is in use. */
    UNLEARNED,
    /** A run whose gates did not hold: the model before stays in use. */
    REFUSED,
    /** The model before a request is in use again. */
    WITHDRAWN,
    /** The rows of a request are encrypted. */
    SEALED,
    /** The rows of a request are keyed hashes. */
    TEXT_FORGOTTEN;

    /** Its name in files. */
    public String spelling() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The kind of that name, or null. */
    static Kind of(String spelling) {
      for (Kind kind : values()) {
        if (kind.spelling().equals(spelling)) {
          return kind;
        }
      }
      return null;
    }
  }

  /** A record that follows another one. */
  static Entry after(int number, String parent, String at, Kind kind, ObjectNode content) {
    String open = open(number, parent, at, kind, content);
    return new Entry(number, parent, at, kind, content, Hashes.sha256(open));
  }

  /** The line without its hash and its end. */
  private static String open(int number, String parent, String at, Kind kind, ObjectNode content) {
    Map<String, Object> all = new TreeMap<>();
    all.put("at", at);
    all.put("content", JSON.convertValue(content, Map.class));
    all.put("kind", kind.spelling());
    all.put("number", number);
    all.put("parent", parent);
    try {
      String text = JSON.writeValueAsString(all);
      return text.substring(0, text.length() - 1);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values can be written", e);
    }
  }

  /** Its line in the file, without the line break. */
  String line() {
    return open(number, parent, at, kind, content) + ",\"hash\":\"" + hash + "\"}";
  }

  /**
   * Reads a line.
   *
   * @throws Broken saying, in a clause, what is wrong with it
   */
  static Entry of(String line) throws Broken {
    Matcher parts = LINE.matcher(line);
    if (!parts.matches()) {
      throw new Broken("no record that ends in its hash");
    }
    String hash = Hashes.sha256(parts.group(1));
    if (!hash.equals(parts.group(2))) {
      throw new Broken(
          "a record whose content has the hash " + hash + " and that says " + parts.group(2));
    }
    try {
      JsonNode node = JSON.readTree(line);
      Kind kind = Kind.of(node.path("kind").asText());
      if (kind == null
          || !node.path("number").isInt()
          || !node.path("parent").isTextual()
          || !node.path("at").isTextual()
          || !(node.path("content") instanceof ObjectNode content)) {
        throw new Broken("a record without number, parent, time, kind or content");
      }
      return new Entry(
          node.path("number").intValue(),
          node.path("parent").textValue(),
          node.path("at").textValue(),
          kind,
          content,
          hash);
    } catch (JsonProcessingException e) {
      throw new Broken("invalid JSON");
    }
  }

  /** The line is no record, or was changed. */
  static final class Broken extends Exception {
    private static final long serialVersionUID = 1L;

    Broken(String found) {
      super(found);
    }
  }
}
