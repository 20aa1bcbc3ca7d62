package org.unlearn4j.study;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * A page with a part that a program writes, between two marker lines, and the rest that people
 * write and that stays.
 */
public final class MarkedText {
  private static final Pattern BEGIN =
      Pattern.compile("^" + begin("\\S+") + "$", Pattern.MULTILINE);

  private final String before;
  private final String after;

  private MarkedText(String before, String after) {
    this.before = before;
    this.after = after;
  }

  static String begin(String name) {
    return "<!-- study " + name + ": written by unlearn4j study up to the end marker -->";
  }

  static String end(String name) {
    return "<!-- end of study " + name + " -->";
  }

  /**
   * The page as it is; a fresh one where there is none.
   *
   * @throws UserException if there is a page without the two markers in their order
   */
  public static MarkedText open(Path file, String name) {
    if (!Files.exists(file)) {
      return new MarkedText("# " + name + "\n\n" + begin(name) + "\n", end(name) + "\n");
    }
    String text;
    try {
      text = Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new MachineException(file + ": could not be read.", e);
    }
    int from = text.indexOf(begin(name) + "\n");
    int to = text.indexOf(end(name));
    if (from < 0 || to < from) {
      throw UserException.at(
          file,
          "",
          "a page without the lines between which the table goes",
          begin(name) + " and " + end(name));
    }
    return new MarkedText(text.substring(0, from + begin(name).length() + 1), text.substring(to));
  }

  /** Whether the page has parts of other studies, too. */
  boolean shared() {
    return BEGIN.matcher(before + after).results().count() > 1;
  }

  /** The page with a new part. */
  public String with(String part) {
    return before + "\n" + part.strip() + "\n\n" + after;
  }
}
