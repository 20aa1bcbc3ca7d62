package org.unlearn4j.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.unlearn4j.base.UserException;

/**
 * All rows of a file or folder, in any form that a split of one's own may have, with what is known
 * of the text that each is a part of.
 *
 * @param rows in the order of the files and of their lines
 * @param duplicates passages and conversations that say exactly what an earlier one says, left out
 * @param files how many were read
 */
public record CorpusRows(List<Row> rows, int duplicates, int files) {
  /** What is read is held in memory, and indexed there. */
  private static final long MAX_BYTES = 256L << 20;

  /**
   * A row.
   *
   * @param document what its field or column {@code document} says
   */
  public record Row(DataRow row, Optional<String> document) {}

  public CorpusRows {
    rows = List.copyOf(rows);
  }

  /**
   * Reads all of it.
   *
   * @throws UserException if there is nothing, it is more than 256 MiB in all, or a file is at
   *     fault (with its line)
   */
  public static CorpusRows read(Path from) {
    if (!Files.exists(from)) {
      throw UserException.at(from, "", "no such file or folder", "texts to look through");
    }
    List<Path> files = Files.isDirectory(from) ? RowFiles.in(from) : List.of(from);
    long bytes = 0;
    for (Path file : files) {
      bytes += file.toFile().length();
      if (bytes > MAX_BYTES) {
        throw UserException.at(
            from, "", "more than 256 MiB up to " + file, "less, because it is indexed in memory");
      }
    }
    RowReader reader = new RowReader();
    for (Path file : files) {
      String ignored = reader.read(file);
    }
    List<DataRow> read = reader.rows();
    List<Optional<String>> documents = reader.documents();
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < read.size(); i++) {
      rows.add(new Row(read.get(i), documents.get(i)));
    }
    return new CorpusRows(rows, reader.duplicates(), files.size());
  }
}
