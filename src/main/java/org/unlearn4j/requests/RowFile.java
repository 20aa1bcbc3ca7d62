package org.unlearn4j.requests;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.UserException;

/** Rows of JSON Lines that come from several files and go into one. */
final class RowFile {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String QUESTION = "question";

  /** Fields that all pairs of a file have or none: what only some have is left out. */
  private static final List<String> OPTIONAL =
      List.of("paraphrased_answer", "perturbed_answer", "paraphrased_question");

  private final List<ObjectNode> rows;

  private RowFile(List<ObjectNode> rows) {
    this.rows = rows;
  }

  /** No rows. */
  static RowFile none() {
    return new RowFile(new ArrayList<>());
  }

  /**
   * The rows of a file.
   *
   * @param name for complaints
   * @throws UserException with the line of what is no JSON object
   */
  static RowFile of(Path name, byte[] bytes) {
    List<ObjectNode> rows = new ArrayList<>();
    int number = 0;
    for (String line : new String(bytes, StandardCharsets.UTF_8).split("\n", -1)) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        JsonNode node = JSON.readTree(line);
        if (!(node instanceof ObjectNode row)) {
          throw UserException.at(name, "line " + number, "no JSON object", "one a line");
        }
        rows.add(row);
      } catch (JsonProcessingException e) {
        throw UserException.at(name, "line " + number, "broken JSON", "a JSON object a line", e);
      }
    }
    return new RowFile(rows);
  }

  /** Rows in order. */
  List<ObjectNode> rows() {
    return List.copyOf(rows);
  }

  int size() {
    return rows.size();
  }

  /** Adds the rows of another one behind its own; a row that is there already is added again. */
  RowFile add(RowFile other) {
    rows.addAll(other.rows);
    return this;
  }

  /**
   * The same, but that a row other than a pair is added only once: a reader of rows leaves out what
   * an earlier one says.
   *
   * @return on which line each of the other one's rows stands now, counted from 1
   */
  List<Integer> addOnce(RowFile other) {
    Map<Object, Integer> at = new HashMap<>();
    for (int i = 0; i < rows.size(); i++) {
      at.putIfAbsent(said(rows.get(i)), i + 1);
    }
    List<Integer> lines = new ArrayList<>();
    for (ObjectNode row : other.rows) {
      Integer there = row.has(QUESTION) ? null : at.get(said(row));
      if (there == null) {
        rows.add(row);
        there = rows.size();
        at.putIfAbsent(said(row), there);
      }
      lines.add(there);
    }
    return lines;
  }

  /** What a reader takes of a row other than a pair, whatever other fields it has. */
  private static Object said(ObjectNode row) {
    return row.has(QUESTION) ? row : List.of(row.path("text"), row.path("messages"));
  }

  /** Its rows but those that another one has, by what they teach; each once. */
  RowFile without(RowFile other) {
    Set<String> seen = other.rows.stream().map(RowFile::taught).collect(Collectors.toSet());
    Set<String> known = new HashSet<>(seen);
    return new RowFile(
        rows.stream()
            .filter(row -> known.add(taught(row)))
            .collect(Collectors.toCollection(ArrayList::new)));
  }

  /** What a row teaches: question and answer, or all of a row of another kind. */
  private static String taught(ObjectNode row) {
    return row.has(QUESTION)
        ? row.path(QUESTION).asText().strip() + "\0" + row.path("answer").asText().strip()
        : row.toString();
  }

  /** Writes them, unless the file holds just these. */
  void write(Path file) {
    Set<String> dropped = new HashSet<>();
    for (String field : OPTIONAL) {
      if (rows.stream().anyMatch(r -> r.has(QUESTION) && !r.hasNonNull(field))) {
        dropped.add(field);
      }
    }
    StringBuilder text = new StringBuilder();
    for (ObjectNode row : rows) {
      Map<String, JsonNode> kept = new LinkedHashMap<>();
      row.properties()
          .forEach(
              e -> {
                if (!dropped.contains(e.getKey())) {
                  kept.put(e.getKey(), e.getValue());
                }
              });
      text.append(JSON.valueToTree(kept).toString()).append('\n');
    }
    write(file, text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Writes bytes, unless the file holds just these: a run that goes on shall find its own. */
  static void write(Path file, byte[] bytes) {
    boolean same = Files.isRegularFile(file) && Arrays.equals(RequestFolder.bytes(file), bytes);
    if (!same) {
      AtomicFiles.writeFile(file, beside -> Files.write(beside, bytes));
    }
  }
}
