package org.unlearn4j.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * Comma-separated values by RFC 4180, read by Apache Commons CSV: a field in quotes may hold
 * commas, line breaks and doubled quotes; outside of quotes a quote is a character like others, as
 * spreadsheets write it.
 */
final class Csv {
  /** Empty lines are read so that lines are counted, and left out afterwards. */
  private static final CSVFormat FORMAT =
      CSVFormat.DEFAULT.builder().setIgnoreEmptyLines(false).get();

  /** A row and where it began. */
  record Row(List<String> fields, int line) {
    Row {
      fields = List.copyOf(fields);
    }
  }

  private Csv() {}

  /**
   * All rows; empty lines are none.
   *
   * @throws org.unlearn4j.base.UserException if a quoted field does not end, or goes on after its
   *     closing quote
   */
  static List<Row> rows(DataSource source, String text) {
    List<Row> rows = new ArrayList<>();
    int line = 1;
    try (CSVParser parser = CSVParser.parse(text, FORMAT)) {
      Iterator<CSVRecord> records = parser.iterator();
      while (records.hasNext()) {
        List<String> fields = records.next().toList();
        if (fields.size() > 1 || !fields.get(0).isBlank()) {
          rows.add(new Row(fields, line));
        }
        line = (int) parser.getCurrentLineNumber() + 1;
      }
    } catch (IOException | UncheckedIOException e) {
      // The parser reads from memory, so all that can fail is a quoted field.
      boolean open = String.valueOf(e.getMessage()).contains("EOF");
      throw open
          ? source.error(line, "a quoted field that does not end", "a closing quote")
          : source.error(line, "text after a closing quote", "a comma or the end of the line");
    }
    return rows;
  }
}
