package org.unlearn4j.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.UserException;

/**
 * Prompts from a file: one a line, or, where its name ends in {@code .jsonl}, one JSON object a
 * line with the text under {@code prompt}, which may then hold line ends. Empty lines are passed
 * over.
 */
public final class PromptFile {
  private PromptFile() {}

  /**
   * Reads a file.
   *
   * @throws UserException if it is missing, no UTF-8, holds no prompt, or a line is not as it
   *     should be
   */
  public static List<String> read(Path file) {
    List<String> prompts = new ArrayList<>();
    DataSource source = DataSource.file(file, "a file of prompts");
    if (file.toString().endsWith(".jsonl")) {
      JsonLines.read(
          source,
          (object, line) -> {
            JsonNode prompt = object.path("prompt");
            if (!prompt.isTextual() || prompt.textValue().isEmpty()) {
              throw source.error(line, "no text under \"prompt\"", "{\"prompt\": \"...\"}");
            }
            prompts.add(prompt.textValue());
          });
    } else {
      TextLines.read(
          source,
          "a text file, one prompt a line",
          (text, line) -> {
            if (!text.isBlank()) {
              prompts.add(text.endsWith("\r") ? text.substring(0, text.length() - 1) : text);
            }
          });
    }
    if (prompts.isEmpty()) {
      throw UserException.at(file, "", "no prompt", "one a line");
    }
    return prompts;
  }
}
