package org.unlearn4j.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.base.UserException;
import org.unlearn4j.text.ChatTurn;

/**
 * Reads files whose rows may be of several kinds: JSON Lines with {@code question} and {@code
 * answer}, with {@code messages} (each with {@code role} and {@code content}) or with {@code text};
 * CSV with such columns; text and Markdown files, each of which is one passage. Other fields are
 * passed over.
 *
 * <p>A passage or conversation that says exactly what an earlier one of the same split says is
 * dropped: it would be forgotten twice as hard. Pairs are left as they are.
 */
final class RowReader {
  private static final ObjectNode NONE = JsonNodeFactory.instance.objectNode();

  /** Names the text that a row is a part of, where a file says so. */
  private static final String DOCUMENT = "document";

  private final List<DataRow> rows = new ArrayList<>();
  private final List<Optional<String>> documents = new ArrayList<>();
  private final Set<Object> seen = new HashSet<>();
  private QaExample firstPair;
  private int duplicates;

  /** All rows so far, in order. */
  List<DataRow> rows() {
    return List.copyOf(rows);
  }

  /** The field or column {@code document} of each row. */
  List<Optional<String>> documents() {
    return List.copyOf(documents);
  }

  /** Passages and conversations that were there before and are left out. */
  int duplicates() {
    return duplicates;
  }

  /**
   * Reads a file by the ending of its name.
   *
   * @return SHA-256 of its bytes, lower-case hexadecimal
   * @throws UserException with file and line if it is at fault, or of a kind that is not read
   */
  String read(Path file) {
    DataSource source = DataSource.file(file);
    String name = file.toString().toLowerCase(Locale.ROOT);
    firstPair = null;
    int before = rows.size() + duplicates;
    String sha256;
    if (name.endsWith(".parquet")) {
      throw UserException.at(
          file,
          "",
          "a Parquet file",
          "JSON Lines, CSV or text (Parquet is not read, because its readers bring Hadoop; pandas"
              + " writes JSON Lines: to_json(..., orient=\"records\", lines=True))");
    } else if (RowFiles.isText(name)) {
      sha256 = text(source);
    } else if (name.endsWith(".csv")) {
      sha256 = csv(source);
    } else {
      sha256 =
          JsonLines.read(source, (object, line) -> add(source, row(source, object, line), object));
    }
    if (rows.size() + duplicates == before) {
      throw source.error(0, "no examples", "at least one line with question and answer");
    }
    return sha256;
  }

  private String text(DataSource source) {
    WholeText whole = WholeText.read(source);
    if (whole.text().isBlank()) {
      throw source.error(0, "nothing but white space", "text");
    }
    add(source, new Passage(whole.text(), source.name(), 1), NONE);
    return whole.sha256();
  }

  private String csv(DataSource source) {
    WholeText whole = WholeText.read(source);
    List<Csv.Row> lines = Csv.rows(source, whole.text());
    if (lines.isEmpty()) {
      throw source.error(0, "no line", "a line with the names of the columns");
    }
    List<String> columns = lines.get(0).fields().stream().map(String::strip).toList();
    boolean pairs = columns.contains("question") && columns.contains("answer");
    if (!pairs && !columns.contains("text")) {
      throw source.error(
          lines.get(0).line(), "the columns " + columns, "question and answer, or text");
    }
    for (Csv.Row line : lines.subList(1, lines.size())) {
      if (line.fields().size() != columns.size()) {
        throw source.error(
            line.line(),
            line.fields().size() + " fields",
            columns.size() + " as in the first line");
      }
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      for (String column : pairs ? List.of("question", "answer") : List.of("text")) {
        object.put(column, line.fields().get(columns.indexOf(column)));
      }
      if (columns.contains(DOCUMENT)) {
        object.put(DOCUMENT, line.fields().get(columns.indexOf(DOCUMENT)));
      }
      add(source, row(source, object, line.line()), object);
    }
    return whole.sha256();
  }

  private void add(DataSource source, DataRow row, ObjectNode object) {
    if (row instanceof QaExample pair) {
      firstPair = firstPair == null ? pair : firstPair;
      QaReader.check(source, pair, firstPair, QaReader.Demand.NONE);
    } else if (!seen.add(said(row))) {
      duplicates++;
      return;
    }
    rows.add(row);
    String document = object.path(DOCUMENT).asText("");
    documents.add(document.isBlank() ? Optional.empty() : Optional.of(document));
  }

  /** What two rows have in common that say the same, wherever they stand. */
  static Object said(DataRow row) {
    if (row instanceof QaExample pair) {
      return List.of(pair.question(), pair.answer());
    }
    return row instanceof Conversation c ? c.turns() : ((Passage) row).text();
  }

  private static DataRow row(DataSource source, ObjectNode object, int line) {
    if (object.has("question") || (!object.has("text") && !object.has("messages"))) {
      return QaReader.example(source, object, line);
    }
    if (object.has("messages")) {
      return new Conversation(turns(source, object.get("messages"), line), source.name(), line);
    }
    String text = QaReader.text(source, object.get("text"), "text", line);
    return new Passage(text, source.name(), line);
  }

  private static List<ChatTurn> turns(DataSource source, JsonNode messages, int line) {
    if (!messages.isArray() || messages.isEmpty()) {
      String found = messages.isArray() ? "no messages" : JsonLines.typeName(messages);
      throw source.error(line, "messages: " + found, "a list of objects with role and content");
    }
    List<ChatTurn> turns = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      String at = "messages[" + i + "].";
      JsonNode message = messages.get(i);
      turns.add(
          new ChatTurn(
              QaReader.text(source, message.path("role"), at + "role", line),
              QaReader.text(source, message.path("content"), at + "content", line)));
    }
    return turns;
  }
}
