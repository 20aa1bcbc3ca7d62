package org.unlearn4j.base;

import java.nio.file.Path;

/**
 * The user's input is at fault: exit code 2.
 *
 * <p>The message is one sentence that names the file, the place in it, what was found and what was
 * expected. Several mistakes found together are joined by line breaks, one sentence each. A
 * sentence has at most 500 characters and a message at most 20 sentences, whatever the input holds.
 */
public final class UserException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UserException(String message) {
    super(Sentences.limited(message));
  }

  public UserException(String message, Throwable cause) {
    super(Sentences.limited(message), cause);
  }

  /**
   * A mistake at a place in a file.
   *
   * @param place where in the file, for instance {@code line 3} or {@code tensor lm_head.weight};
   *     empty for the file itself
   * @param found a long text is shortened
   */
  public static UserException at(Path file, String place, String found, String expected) {
    return new UserException(sentence(file, place, found, expected));
  }

  /** The same with what it was seen by. */
  public static UserException at(
      Path file, String place, String found, String expected, Throwable cause) {
    return new UserException(sentence(file, place, found, expected), cause);
  }

  private static String sentence(Path file, String place, String found, String expected) {
    String where = place.isEmpty() ? file.toString() : file + ", " + Sentences.found(place);
    return where
        + ": found "
        + Sentences.found(found)
        + ", expected "
        + Sentences.line(expected)
        + ".";
  }
}
