package org.unlearn4j.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** What a command found out, in order: printed as JSON or, the same content, as indented text. */
public final class Tree {
  private final Map<String, Object> entries = new LinkedHashMap<>();

  /** Adds a number, text, flag, list, map or tree; nothing where the value is empty. */
  public Tree put(String key, Object value) {
    Object plain = value instanceof Optional<?> o ? o.orElse(null) : value;
    if (value instanceof OptionalLong o) {
      plain = o.isPresent() ? o.getAsLong() : null;
    }
    if (plain instanceof Tree t) {
      entries.put(key, t.entries);
    } else if (plain != null) {
      entries.put(key, plain);
    }
    return this;
  }

  /** True where {@code key} is there and true. */
  public boolean holds(String key) {
    return Boolean.TRUE.equals(entries.get(key));
  }

  /** The text under {@code key}; empty where there is none. */
  public Optional<String> text(String key) {
    return Optional.ofNullable(entries.get(key))
        .filter(String.class::isInstance)
        .map(String::valueOf);
  }

  /** A view of what was put. */
  public Map<String, Object> entries() {
    return Collections.unmodifiableMap(entries);
  }

  /** Prints it: as JSON, or as text with a line for each entry. */
  public void print(PrintStream out, boolean json) {
    if (json) {
      out.println(toJson());
    } else {
      text(entries, "", out);
    }
  }

  /** It as indented JSON. */
  public String toJson() {
    try {
      return new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .writeValueAsString(entries);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void text(Map<?, ?> entries, String indent, PrintStream out) {
    int width = entries.keySet().stream().mapToInt(k -> k.toString().length()).max().orElse(0);
    entries.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> m) {
            out.println(indent + key);
            text(m, indent + "  ", out);
          } else if (value instanceof Collection<?> c
              && c.stream().anyMatch(Map.class::isInstance)) {
            out.println(indent + key);
            c.forEach(e -> out.println(indent + "  " + line(e)));
          } else {
            out.println(
                indent + key + " ".repeat(width - key.toString().length() + 2) + line(value));
          }
        });
  }

  private static String line(Object value) {
    if (value instanceof Collection<?> c) {
      return String.join(", ", c.stream().map(Tree::line).toList());
    }
    if (value instanceof Map<?, ?> m) {
      return String.join("  ", m.values().stream().map(Tree::line).toList());
    }
    return value instanceof Boolean b ? (b ? "yes" : "no") : String.valueOf(value);
  }
}
