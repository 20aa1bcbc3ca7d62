package org.unlearn4j.data;

import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.UserException;

/**
 * Comma-separated values by RFC 4180: a field in quotes may hold commas, line breaks and doubled
 * quotes; outside of quotes a quote is a character like others, as spreadsheets write it.
 */
final class Csv {
  private final DataSource source;
  private final String text;
  private int at;
  private int line = 1;

  /** A row and where it began. */
  record Row(List<String> fields, int line) {
    Row {
      fields = List.copyOf(fields);
    }
  }

  private Csv(DataSource source, String text) {
    this.source = source;
    this.text = text;
  }

  /**
   * All rows; empty lines are none.
   *
   * @throws UserException if a quoted field does not end, or goes on after its closing quote
   */
  static List<Row> rows(DataSource source, String text) {
    Csv csv = new Csv(source, text);
    List<Row> rows = new ArrayList<>();
    while (csv.at < text.length()) {
      int line = csv.line;
      List<String> fields = csv.row();
      if (fields.size() > 1 || !fields.get(0).isBlank()) {
        rows.add(new Row(fields, line));
      }
    }
    return rows;
  }

  private List<String> row() {
    List<String> fields = new ArrayList<>();
    while (true) {
      fields.add(at < text.length() && text.charAt(at) == '"' ? quoted() : plain());
      if (at >= text.length()) {
        return fields;
      }
      char end = text.charAt(at++);
      if (end == '\n') {
        line++;
        return fields;
      }
    }
  }

  private String plain() {
    int from = at;
    while (at < text.length() && text.charAt(at) != ',' && text.charAt(at) != '\n') {
      at++;
    }
    String field = text.substring(from, at);
    boolean carriage = field.endsWith("\r") && (at == text.length() || text.charAt(at) == '\n');
    return carriage ? field.substring(0, field.length() - 1) : field;
  }

  private String quoted() {
    int begun = line;
    StringBuilder field = new StringBuilder();
    at++;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c == '"' && (at == text.length() || text.charAt(at) != '"')) {
        if (at < text.length() && text.charAt(at) == '\r') {
          at++;
        }
        if (at < text.length() && text.charAt(at) != ',' && text.charAt(at) != '\n') {
          throw source.error(line, "text after a closing quote", "a comma or the end of the line");
        }
        return field.toString();
      }
      if (c == '"') {
        at++; // the second of two quotes
      }
      line += c == '\n' ? 1 : 0;
      field.append(c);
    }
    throw source.error(begun, "a quoted field that does not end", "a closing quote");
  }
}
