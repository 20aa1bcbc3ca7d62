package org.unlearn4j.base;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Keeps messages readable whatever was found: a value may be a megabyte long, hold line breaks, or
 * say something to the terminal that shows it.
 */
public final class Sentences {
  /** Most characters of one sentence. */
  static final int LENGTH = 500;

  /** Most sentences of one message. */
  static final int COUNT = 20;

  /** Most characters of what was found, so that there is room for what was expected. */
  private static final int FOUND = 160;

  private static final String CUT = " [...] ";

  private Sentences() {}

  /** A message of at most {@link #COUNT} lines of at most {@link #LENGTH} characters. */
  static String limited(String message) {
    if (message == null) {
      return null;
    }
    List<String> lines = message.lines().limit(COUNT + 1L).toList();
    if (lines.size() <= COUNT) {
      return lines.stream().map(l -> cut(visible(l), LENGTH)).collect(Collectors.joining("\n"));
    }
    long more = message.lines().count() - (COUNT - 1);
    return lines.stream()
            .limit(COUNT - 1L)
            .map(l -> cut(visible(l), LENGTH))
            .collect(Collectors.joining("\n"))
        + "\nFound "
        + more
        + " more mistakes, expected none.";
  }

  /** What was found, on one line and shortened in its middle. */
  public static String found(String value) {
    // What is far too long is cut first: escaping all of it would take as much memory again.
    return cut(visible(cut(value, 4 * FOUND)), FOUND);
  }

  /** A text of a file's on one line, as long as it is. */
  public static String line(String text) {
    return visible(text);
  }

  private static String cut(String text, int length) {
    if (text.length() <= length) {
      return text;
    }
    int begin = (length - CUT.length()) * 2 / 3;
    int end = text.length() - (length - CUT.length() - begin);
    // No half of a surrogate pair stays behind.
    begin -= Character.isHighSurrogate(text.charAt(begin - 1)) ? 1 : 0;
    end += Character.isLowSurrogate(text.charAt(end)) ? 1 : 0;
    return text.substring(0, begin) + CUT + text.substring(end);
  }

  /** Control characters as escapes: a terminal would obey them, a reader of lines would be lost. */
  private static String visible(String text) {
    if (text.chars().noneMatch(Sentences::hidden)) {
      return text;
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (hidden(c)) {
            out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.toString();
  }

  /** Control characters, line separators, and what turns the direction of writing around. */
  private static boolean hidden(int c) {
    return Character.isISOControl(c)
        || (c >= 0x2028 && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069);
  }
}
