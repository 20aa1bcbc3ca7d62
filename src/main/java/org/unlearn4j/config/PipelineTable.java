package org.unlearn4j.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The documentation of the pipeline file, written from the schema. */
public final class PipelineTable {
  private PipelineTable() {}

  /** Markdown: a heading and a table for every block. */
  public static String markdown() {
    StringBuilder out = new StringBuilder();
    table("", out);
    for (Section section : Schema.SECTIONS) {
      out.append("\n### `").append(section.path()).append("`\n\n");
      out.append(section.doc().substring(0, 1).toUpperCase(Locale.ROOT));
      out.append(section.doc().substring(1)).append(".\n\n");
      table(section.path(), out);
    }
    return out.toString();
  }

  private static void table(String section, StringBuilder out) {
    out.append("| key | value | default | meaning |\n|---|---|---|---|\n");
    for (Key<?> key : Schema.KEYS) {
      if (key.section().equals(section)) {
        out.append("| `").append(key.name()).append("` | ");
        out.append(key.type().expected()).append(" | ");
        out.append(fallback(key)).append(" | ").append(key.doc()).append(" |\n");
      }
    }
  }

  private static <T> String fallback(Key<T> key) {
    return fallback(key.fallback(), key.type());
  }

  private static <T> String fallback(Fallback<T> fallback, ValueType<T> type) {
    if (fallback instanceof Fallback.Constant<T> c) {
      return "`" + type.write(c.value()) + "`";
    }
    if (fallback instanceof Fallback.Absent<T> a) {
      return "- (" + a.meaning() + ")";
    }
    if (fallback instanceof Fallback.Derived<T> d) {
      return d.meaning();
    }
    return fallback instanceof Fallback.PerObjective<T> p ? perObjective(p, type) : "**required**";
  }

  /** Objectives with the same default together; the largest group of all is "otherwise". */
  private static <T> String perObjective(Fallback.PerObjective<T> fallback, ValueType<T> type) {
    Map<String, List<String>> groups =
        fallback.byName().entrySet().stream()
            .collect(
                Collectors.groupingBy(
                    e -> fallback(e.getValue(), type),
                    LinkedHashMap::new,
                    Collectors.mapping(e -> e.getKey().spelling(), Collectors.toList())));
    boolean everywhere = fallback.byName().size() == ObjectiveName.values().length;
    String common =
        groups.entrySet().stream()
            .filter(e -> everywhere && e.getValue().size() > ObjectiveName.values().length / 2)
            .map(Map.Entry::getKey)
            .findFirst()
            .orElse("");
    String special =
        groups.entrySet().stream()
            .filter(e -> !e.getKey().equals(common))
            .map(e -> String.join(", ", e.getValue()) + ": " + e.getKey())
            .collect(Collectors.joining("; "));
    return common.isEmpty() ? special : common + "; " + special;
  }
}
