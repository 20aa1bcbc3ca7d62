package org.unlearn4j.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.unlearn4j.base.UserException;

/** The files of MUSE in a folder, each read when first asked for. */
final class MuseFiles {
  private static final List<String> JSON = List.of(".json", ".jsonl");
  private static final List<String> TEXT = List.of(".txt", ".json", ".jsonl");

  private final Path folder;
  private final Map<String, String> provenance = new LinkedHashMap<>();
  private final Set<String> absent = new TreeSet<>();
  private final Map<Path, List<?>> read = new HashMap<>();

  MuseFiles(Path folder) {
    if (!Files.isDirectory(folder)) {
      String found = Files.exists(folder) ? "a file" : "no such folder";
      throw UserException.at(folder, "", found, "the folder of benchmark muse");
    }
    this.folder = folder;
  }

  /** SHA-256 of each file read so far, by its name within the folder. */
  Map<String, String> provenance() {
    return provenance;
  }

  /** Questions and answers of {@code knowmem/NAME.json}; none where there is no such file. */
  List<QaExample> pairs(String name) {
    return load(find("knowmem", name, JSON), this::pairs);
  }

  /** Whole texts of {@code privleak/NAME.json}; none where there is no such file. */
  List<Passage> texts(String name) {
    return load(find("privleak", name, JSON), this::passages);
  }

  /**
   * Beginnings and continuations of {@code verbmem/NAME.json}; none where there is no such file.
   */
  List<Excerpt> excerpts(String name) {
    return load(find("verbmem", name, JSON), this::excerpts);
  }

  /**
   * What is trained on, of {@code raw/NAME.txt} or {@code raw/NAME.json}.
   *
   * @throws UserException if there is neither
   */
  List<Passage> raw(String name) {
    Optional<Path> file = find("raw", name, TEXT);
    if (file.isEmpty()) {
      throw UserException.at(
          folder,
          "",
          "neither raw/" + name + ".txt nor raw/" + name + ".json",
          "the texts of split " + name);
    }
    return load(file, path -> path.toString().endsWith(".txt") ? running(path) : passages(path));
  }

  /** Names within the folder that were looked for and are not there. */
  Set<String> absent() {
    return absent;
  }

  private Optional<Path> find(String kind, String name, List<String> endings) {
    for (String ending : endings) {
      Path file = folder.resolve(kind).resolve(name + ending);
      if (Files.isRegularFile(file)) {
        return Optional.of(file);
      }
      absent.add(kind + "/" + name + ending);
    }
    return Optional.empty();
  }

  private String name(Path file) {
    return folder.relativize(file).toString();
  }

  @SuppressWarnings("unchecked") // a path is always read by the same method
  private <T> List<T> load(Optional<Path> file, Function<Path, List<T>> reader) {
    if (file.isEmpty()) {
      return List.of();
    }
    List<?> known = read.get(file.get());
    if (known == null) {
      known = List.copyOf(reader.apply(file.get()));
      read.put(file.get(), known);
    }
    return (List<T>) known;
  }

  private List<Passage> running(Path path) {
    DataSource source = DataSource.file(path);
    WholeText whole = WholeText.read(source);
    if (whole.text().isBlank()) {
      throw source.error(0, "nothing but white space", "text");
    }
    provenance.put(name(path), whole.sha256());
    return List.of(new Passage(whole.text(), source.name(), 1));
  }

  private List<Passage> passages(Path path) {
    return records(
        path,
        (record, at, line) -> {
          String text =
              record.isObject()
                  ? JsonRecords.required(JsonRecords.object(record, at, line), "text", at, line)
                  : JsonRecords.text(record, "text", at, line);
          return new Passage(text, at.name(), line);
        });
  }

  private List<QaExample> pairs(Path path) {
    return records(
        path,
        (record, at, line) -> {
          ObjectNode object = JsonRecords.object(record, at, line);
          return QaExample.of(
              JsonRecords.required(object, "question", at, line),
              JsonRecords.required(object, "answer", at, line),
              at.name(),
              line);
        });
  }

  private List<Excerpt> excerpts(Path path) {
    return records(
        path,
        (record, at, line) -> {
          ObjectNode object = JsonRecords.object(record, at, line);
          return new Excerpt(
              JsonRecords.required(object, "prompt", at, line),
              JsonRecords.required(object, "gt", at, line),
              at.name(),
              line);
        });
  }

  private interface Maker<T> {
    T make(JsonNode record, DataSource at, int line);
  }

  private <T> List<T> records(Path path, Maker<T> maker) {
    DataSource source = DataSource.file(path);
    List<T> made = new ArrayList<>();
    String sha256 =
        JsonRecords.read(source, (record, at, line) -> made.add(maker.make(record, at, line)));
    if (made.isEmpty()) {
      throw source.error(0, "no records", "at least one");
    }
    provenance.put(name(path), sha256);
    return made;
  }
}
