package org.unlearn4j.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * Reads multiple-choice questions as they are published: WMDP's JSON (Lines) with {@code question},
 * {@code choices} and {@code answer} (an index, or a letter), and MMLU's CSV without a header,
 * question, options and letter.
 */
public final class ChoiceReader {
  private static final Map<String, String> WMDP_SUBJECTS =
      Map.of("bio", "biology", "chem", "chemistry", "cyber", "cybersecurity");

  private ChoiceReader() {}

  /**
   * Questions that are measured together.
   *
   * @param name of lower-case letters, digits and underscores: that of the JSON file, or {@code
   *     mmlu} for all CSV files of a folder
   * @param sha256 of each file, by its name
   */
  public record Result(String name, List<ChoiceExample> examples, Map<String, String> sha256) {
    public Result {
      examples = List.copyOf(examples);
      sha256 = Map.copyOf(sha256);
    }
  }

  /**
   * Reads a file, or all files of a folder.
   *
   * @throws UserException with file and line: no question, no options or a single one, an answer
   *     that is none of them, broken JSON or CSV, no file at all
   */
  public static List<Result> read(Path fileOrFolder) {
    Map<String, List<ChoiceExample>> sets = new LinkedHashMap<>();
    Map<String, Map<String, String>> hashes = new LinkedHashMap<>();
    for (Path file : files(fileOrFolder)) {
      boolean csv = ending(file).equals("csv");
      String set = csv ? "mmlu" : stem(file).toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
      List<ChoiceExample> examples = sets.computeIfAbsent(set, s -> new ArrayList<>());
      int before = examples.size();
      DataSource source = DataSource.file(file);
      String sha256 = csv ? csv(source, file, examples) : json(source, file, examples);
      if (examples.size() == before) {
        throw source.error(0, "no questions", "at least one");
      }
      hashes.computeIfAbsent(set, s -> new LinkedHashMap<>()).put(source.name(), sha256);
    }
    return sets.entrySet().stream()
        .map(e -> new Result(e.getKey(), e.getValue(), hashes.get(e.getKey())))
        .toList();
  }

  /**
   * The files that {@link #read} reads.
   *
   * @throws UserException if a folder holds none
   */
  public static List<Path> files(Path fileOrFolder) {
    if (!Files.isDirectory(fileOrFolder)) {
      return List.of(fileOrFolder);
    }
    try (Stream<Path> list = Files.list(fileOrFolder)) {
      List<Path> files =
          list.filter(f -> List.of("json", "jsonl", "csv").contains(ending(f))).sorted().toList();
      if (files.isEmpty()) {
        throw UserException.at(
            fileOrFolder, "", "no .json, .jsonl or .csv file", "multiple-choice questions");
      }
      return files;
    } catch (IOException e) {
      throw new MachineException(fileOrFolder + ": could not be listed (" + e + ").", e);
    }
  }

  private static String json(DataSource source, Path file, List<ChoiceExample> into) {
    return JsonRecords.read(
        source,
        (record, at, line) -> {
          ObjectNode object = JsonRecords.object(record, at, line);
          List<String> choices = choices(object.get("choices"), at, line);
          into.add(
              new ChoiceExample(
                  JsonRecords.required(object, "question", at, line),
                  choices,
                  answer(object.get("answer"), choices.size(), at, line),
                  JsonRecords.optional(object, "subject", at, line)
                      .map(s -> s.replace('_', ' '))
                      .or(() -> subject(stem(file))),
                  at.name(),
                  line));
        });
  }

  private static List<String> choices(JsonNode node, DataSource at, int line) {
    if (node == null || !node.isArray()) {
      String found = node == null ? "no field \"choices\"" : "choices that are no list";
      throw at.error(line, found, "a list of options");
    }
    List<String> choices = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      choices.add(JsonRecords.text(node.get(i), "choices[" + i + "]", at, line));
    }
    requireOptions(choices.size(), at, line);
    return choices;
  }

  private static int answer(JsonNode node, int options, DataSource at, int line) {
    if (node == null || node.isNull()) {
      throw at.error(line, "no field \"answer\"", "the index or letter of an option");
    }
    if (node.isTextual()) {
      return letter(node.asText(), options, at, line);
    }
    int right = node.isIntegralNumber() && node.canConvertToInt() ? node.intValue() : -1;
    if (right < 0 || right >= options) {
      throw at.error(line, "answer " + node, "an index from 0 to " + (options - 1));
    }
    return right;
  }

  private static int letter(String text, int options, DataSource at, int line) {
    String letter = text.strip();
    int right = letter.length() == 1 ? letter.charAt(0) - 'A' : -1;
    if (right < 0 || right >= options) {
      throw at.error(
          line, "answer \"" + text + "\"", "a letter from A to " + (char) ('A' + options - 1));
    }
    return right;
  }

  private static void requireOptions(int options, DataSource at, int line) {
    if (options < 2 || options > ChoiceExample.MOST) {
      throw at.error(line, options + " options", "2 to " + ChoiceExample.MOST);
    }
  }

  private static String csv(DataSource source, Path file, List<ChoiceExample> into) {
    WholeText whole = WholeText.read(source);
    for (Csv.Row row : Csv.rows(source, whole.text())) {
      List<String> fields = row.fields();
      int options = fields.size() - 2;
      requireOptions(Math.max(0, options), source, row.line());
      for (int i = 0; i <= options; i++) {
        if (fields.get(i).isBlank()) {
          throw source.error(row.line(), "an empty field " + (i + 1), "text");
        }
      }
      into.add(
          new ChoiceExample(
              fields.get(0),
              fields.subList(1, 1 + options),
              letter(fields.get(1 + options), options, source, row.line()),
              subject(stem(file)),
              source.name(),
              row.line()));
    }
    return whole.sha256();
  }

  /** {@code wmdp-bio}: biology; {@code abstract_algebra_test}: abstract algebra. */
  private static Optional<String> subject(String stem) {
    if (stem.toLowerCase(Locale.ROOT).startsWith("wmdp")) {
      return WMDP_SUBJECTS.entrySet().stream()
          .filter(e -> stem.toLowerCase(Locale.ROOT).contains(e.getKey()))
          .map(Map.Entry::getValue)
          .findFirst();
    }
    String plain = stem.replaceAll("_(test|val|dev)$", "");
    return plain.equals(stem) ? Optional.empty() : Optional.of(plain.replace('_', ' '));
  }

  private static String ending(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  private static String stem(Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }
}
