package org.unlearn4j.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.unlearn4j.base.Sentences;
import org.unlearn4j.base.UserException;

/** Something with lines in it: a file, or a resource of this program. */
public record DataSource(String name, Opener opener) {

  /** Opens the bytes; each call from their beginning. */
  @FunctionalInterface
  public interface Opener {
    InputStream open() throws IOException;
  }

  /**
   * A file of JSON Lines.
   *
   * @throws UserException if there is no such file
   */
  public static DataSource file(Path file) {
    return file(file, "a file of JSON Lines");
  }

  /**
   * A file.
   *
   * @param expected what it is to be, for the complaint
   * @throws UserException if there is no such file
   */
  static DataSource file(Path file, String expected) {
    if (!Files.isRegularFile(file)) {
      String found = Files.isDirectory(file) ? "a folder" : "no such file";
      throw UserException.at(file, "", found, expected);
    }
    return new DataSource(
        file.toString(), () -> new BufferedInputStream(Files.newInputStream(file)));
  }

  /** A resource beside a class; that it is there is the build's duty. */
  public static DataSource resource(Class<?> beside, String path) {
    return new DataSource(
        "resource " + path,
        () -> {
          InputStream in = beside.getResourceAsStream(path);
          if (in == null) {
            throw new IllegalStateException("resource " + path + " is not on the class path");
          }
          return new BufferedInputStream(in);
        });
  }

  /** A mistake in it: one sentence with name, place, found and expected. */
  UserException error(int line, String found, String expected) {
    return error(line, found, expected, null);
  }

  UserException error(int line, String found, String expected, Throwable cause) {
    String where = line == 0 ? name : name + ", line " + line;
    return new UserException(
        where + ": found " + Sentences.found(found) + ", expected " + expected + ".", cause);
  }
}
