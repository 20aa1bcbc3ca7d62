package org.unlearn4j.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.UserException;

/** What users bring to attacks: prompts of their own, and other names of what was forgotten. */
public final class AttackFile {
  private AttackFile() {}

  /**
   * A prompt, and what it must not bring out.
   *
   * @param keywords words of an answer that gives something away
   */
  public record Own(String prompt, List<String> keywords) {
    public Own {
      keywords = List.copyOf(keywords);
    }
  }

  /**
   * Reads prompts: JSON Lines, each {@code {"prompt": "...", "keywords": ["..."]}}.
   *
   * @throws UserException with file and line of what is at fault
   */
  public static List<Own> prompts(Path file) {
    DataSource source = DataSource.file(file, "a file of prompts and keywords");
    List<Own> all = new ArrayList<>();
    JsonLines.read(
        source,
        (object, line) ->
            all.add(
                new Own(
                    JsonRecords.required(object, "prompt", source, line),
                    list(object, "keywords", source, line))));
    if (all.isEmpty()) {
      throw UserException.at(file, "", "no prompt", "{\"prompt\": \"...\", \"keywords\": [...]}");
    }
    return List.copyOf(all);
  }

  /**
   * Reads other names: JSON Lines, each {@code {"name": "...", "aliases": ["..."]}}.
   *
   * @return other names by name
   * @throws UserException with file and line of what is at fault
   */
  public static Map<String, List<String>> aliases(Path file) {
    DataSource source = DataSource.file(file, "a file of names and aliases");
    Map<String, List<String>> all = new LinkedHashMap<>();
    JsonLines.read(
        source,
        (object, line) -> {
          String name = JsonRecords.required(object, "name", source, line);
          if (all.put(name, list(object, "aliases", source, line)) != null) {
            throw source.error(line, "the name " + name + " again", "each name once");
          }
        });
    return all;
  }

  private static List<String> list(ObjectNode object, String field, DataSource source, int line) {
    JsonNode list = object.path(field);
    if (!list.isArray() || list.isEmpty()) {
      throw source.error(line, "no list \"" + field + "\"", "at least one text in it");
    }
    List<String> texts = new ArrayList<>();
    list.forEach(text -> texts.add(JsonRecords.text(text, field, source, line)));
    return texts;
  }
}
