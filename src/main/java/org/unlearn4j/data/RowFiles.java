package org.unlearn4j.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.UserException;

/** Where the rows of a split of one's own stand: a file of some form, or a folder of such files. */
public final class RowFiles {
  /** The endings of a split's file, the first that is there is read. */
  public static final List<String> ENDINGS =
      List.of(".json", ".jsonl", ".csv", ".txt", ".md", ".markdown", ".parquet");

  private RowFiles() {}

  /** Whether a file of that name is one running text. */
  public static boolean isText(String name) {
    return Stream.of(".txt", ".md", ".markdown").anyMatch(name.toLowerCase(Locale.ROOT)::endsWith);
  }

  /** Whether a file of that name may hold rows. */
  public static boolean isRows(String name) {
    return ENDINGS.stream().anyMatch(name.toLowerCase(Locale.ROOT)::endsWith);
  }

  /** The name of a split whose file may be named in full. */
  public static String withoutEnding(String split) {
    return ENDINGS.stream()
        .filter(split::endsWith)
        .map(ending -> split.substring(0, split.length() - ending.length()))
        .findFirst()
        .orElse(split);
  }

  /**
   * The files of a folder and of those in it that may hold rows, in the order of their names;
   * hidden ones are left out.
   *
   * @throws UserException if there is none
   */
  public static List<Path> in(Path folder) {
    List<Path> files = walk(folder);
    if (files.isEmpty()) {
      throw UserException.at(
          folder, "", "a folder without rows", "files that end in " + String.join(", ", ENDINGS));
    }
    return files;
  }

  /** SHA-256 of the names of a folder's files, so that one that comes or goes is noticed. */
  public static String listing(Path folder) {
    String names =
        walk(folder).stream()
            .map(f -> folder.relativize(f).toString())
            .collect(Collectors.joining("\n"));
    return HexFormat.of().formatHex(Hashes.digest().digest(names.getBytes(StandardCharsets.UTF_8)));
  }

  private static List<Path> walk(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile)
          .filter(f -> !hidden(folder.relativize(f)) && isRows(f.getFileName().toString()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean hidden(Path file) {
    for (Path part : file) {
      if (part.toString().startsWith(".")) {
        return true;
      }
    }
    return false;
  }
}
