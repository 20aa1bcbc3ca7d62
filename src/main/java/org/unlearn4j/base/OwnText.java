package org.unlearn4j.base;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Markdown file that the program writes and a person may take over: its last line has the
 * fingerprint of what is above it, so that whatever somebody has changed or written is never
 * replaced.
 */
public final class OwnText {
  private static final String BEFORE = "<!-- Written by unlearn4j; SHA-256 of the text above: ";
  private static final String AFTER = " -->\n";
  private static final Pattern LAST =
      Pattern.compile("(?s)(.*)" + Pattern.quote(BEFORE) + "([0-9a-f]{64})" + Pattern.quote(AFTER));

  private OwnText() {}

  /** Whether a file is as it was written, and may be replaced. */
  public static boolean untouched(Path file) {
    try {
      Matcher m = LAST.matcher(Files.readString(file));
      return m.matches() && Hashes.sha256(m.group(1)).equals(m.group(2));
    } catch (IOException e) {
      return false; // no text of ours, whatever it is
    }
  }

  /**
   * Writes a text, unless somebody's own is there.
   *
   * @return whether it was written
   * @throws MachineException if the disk refuses
   */
  public static boolean write(Path file, String text) {
    if (Files.exists(file) && !untouched(file)) {
      return false;
    }
    String whole = text + BEFORE + Hashes.sha256(text) + AFTER;
    AtomicFiles.writeFile(file, p -> Files.writeString(p, whole));
    return true;
  }
}
