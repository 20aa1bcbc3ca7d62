package org.unlearn4j.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.JsonInput;

/**
 * Tables that verify.json holds beside what {@link org.unlearn4j.parity.Verdict} knows: whatever a
 * later check writes there is shown without this page having to know it.
 */
final class Extras {
  private static final Set<String> KNOWN =
      Set.of(
          "verdict",
          "gates",
          "runtimes",
          "survival",
          "runtime",
          "reference",
          "pass",
          "numeric",
          "metrics",
          "generations",
          "equal_codes");

  private Extras() {}

  /**
   * The tables, each with its heading.
   *
   * @param root of verify.json
   */
  static List<Html> tables(JsonInput root) {
    List<Html> tables = new ArrayList<>();
    add(tables, "", root);
    for (JsonInput file : root.get("runtimes").elements()) {
      JsonNode runtime = file.node().path("runtime");
      add(tables, runtime.isTextual() ? ", " + ReportData.runtime(runtime.textValue()) : "", file);
    }
    return tables;
  }

  private static void add(List<Html> tables, String of, JsonInput object) {
    object
        .fields()
        .forEach(
            (name, value) -> {
              if (!KNOWN.contains(name)) {
                table(value.node())
                    .ifPresent(
                        t -> tables.add(Html.group().add(Html.tag("h3", words(name) + of), t)));
              }
            });
  }

  /** An object of objects or an array of them is a table, an object of plain values is pairs. */
  private static Optional<Html> table(JsonNode node) {
    Map<String, JsonNode> rows = new LinkedHashMap<>();
    if (node.isObject()) {
      node.properties().forEach(e -> rows.put(words(e.getKey()), e.getValue()));
    } else if (node.isArray()) {
      for (JsonNode row : node) {
        rows.put(Integer.toString(rows.size() + 1), row);
      }
    }
    if (rows.isEmpty()) {
      return Optional.empty();
    }
    if (node.isArray() && rows.values().stream().allMatch(JsonNode::isTextual)) {
      Html list = Html.tag("ul");
      rows.values().forEach(text -> list.add(Html.tag("li", text.textValue())));
      return Optional.of(list);
    }
    rows.replaceAll((name, row) -> flat(row));
    if (rows.values().stream().noneMatch(JsonNode::isContainerNode)) {
      Map<String, String> pairs = new LinkedHashMap<>();
      rows.forEach((name, value) -> pairs.put(name, plain(value)));
      return Optional.of(Tables.pairs(pairs));
    }
    Set<String> columns = new LinkedHashSet<>();
    rows.values().forEach(row -> row.properties().forEach(e -> columns.add(e.getKey())));
    if (columns.isEmpty()) {
      return Optional.empty();
    }
    List<Html> headings = new ArrayList<>(List.of(Tables.words(node.isArray() ? "no." : "name")));
    columns.forEach(c -> headings.add(Tables.words(words(c))));
    List<Html> body = new ArrayList<>();
    rows.forEach(
        (name, row) -> {
          Html line = Html.tag("tr").add(Html.tag("th").attr("scope", "row").add(name));
          columns.forEach(c -> line.add(cell(row.path(c))));
          body.add(line);
        });
    return Optional.of(Tables.sortable(headings, body));
  }

  /**
   * What is nested in a row, side by side: {@code deployed: {int8: 1}} is {@code deployed int8}.
   */
  private static JsonNode flat(JsonNode row) {
    if (!row.isObject()) {
      return row;
    }
    ObjectNode flat = JsonNodeFactory.instance.objectNode();
    row.properties()
        .forEach(
            e -> {
              if (e.getValue().isObject()) {
                flat(e.getValue())
                    .properties()
                    .forEach(
                        inner -> flat.set(e.getKey() + " " + inner.getKey(), inner.getValue()));
              } else {
                flat.set(e.getKey(), e.getValue());
              }
            });
    return flat;
  }

  private static Html cell(JsonNode value) {
    if (value.isMissingNode() || value.isNull()) {
      return Tables.nothing();
    }
    return value.isNumber() ? Tables.number(value.doubleValue()) : Tables.cell(plain(value));
  }

  private static String plain(JsonNode value) {
    if (value.isNumber()) {
      return Numbers.pretty(value.doubleValue());
    }
    return value.isContainerNode() ? value.toString() : value.asText();
  }

  private static String words(String name) {
    return name.replace('_', ' ');
  }
}
