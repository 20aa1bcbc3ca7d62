package org.unlearn4j.base;

import java.nio.file.Path;

/**
 * The user's input is at fault: exit code 2.
 *
 * <p>The message is one sentence that names the file, the place in it, what was found and what was
 * expected. Several mistakes found together are joined by line breaks, one sentence each.
 */
public final class UserException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UserException(String message) {
    super(message);
  }

  public UserException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * A mistake at a place in a file.
   *
   * @param place where in the file, for instance {@code line 3} or {@code tensor lm_head.weight};
   *     empty for the file itself
   */
  public static UserException at(Path file, String place, String found, String expected) {
    String where = place.isEmpty() ? file.toString() : file + ", " + place;
    return new UserException(where + ": found " + found + ", expected " + expected + ".");
  }
}
