package org.unlearn4j.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.unlearn4j.base.JsonInput;
import org.unlearn4j.base.ModelFiles;

/**
 * What the base model says of itself: its card's licence, and the name it has on the hub.
 *
 * @param name as the hub has it; empty where nothing names it
 * @param license an identifier, as the card has it
 */
record BaseCard(Optional<String> name, Optional<String> license) {
  private static final Pattern LICENSE =
      Pattern.compile("(?m)^license:\\s*[\"']?([A-Za-z0-9.+_-]+)[\"']?\\s*$");
  private static final String NAME = "_name_or_path";

  static BaseCard of(Optional<Path> folder) {
    return new BaseCard(folder.flatMap(BaseCard::named), folder.flatMap(BaseCard::licensed));
  }

  /** A name that config.json remembers, unless it is somebody's path. */
  private static Optional<String> named(Path folder) {
    Path config = folder.resolve(ModelFiles.CONFIG);
    return Files.isRegularFile(config)
        ? Optional.of(JsonInput.read(config, "a configuration").node().path(NAME).asText(""))
            .filter(n -> n.matches("[\\w.-]+/[\\w.-]+"))
        : Optional.empty();
  }

  /** Of the front matter of README.md. */
  private static Optional<String> licensed(Path folder) {
    Path card = folder.resolve(ModelFiles.CARD);
    if (!Files.isRegularFile(card)) {
      return Optional.empty();
    }
    try {
      String text = Files.readString(card);
      int end = text.startsWith("---") ? text.indexOf("\n---", 3) : -1;
      Matcher m = LICENSE.matcher(end < 0 ? "" : text.substring(0, end));
      return m.find() ? Optional.of(m.group(1)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // no text, so nothing that it says
    }
  }
}
