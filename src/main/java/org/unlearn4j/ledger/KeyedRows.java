package org.unlearn4j.ledger;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.unlearn4j.base.AtomicFiles;

/**
 * Rows of a request reduced to keyed hashes: one line a row, {@code FILE NUMBER HMAC}. Who has the
 * key and a row can say whether it was among them; nobody can get a row back.
 */
public final class KeyedRows {
  /** Its name in a request's folder. */
  public static final String FILE = "rows.hashes";

  private KeyedRows() {}

  /**
   * Writes the hashes of all rows; whole or not at all.
   *
   * @param files content by name, UTF-8, a row a line
   */
  public static void write(Path out, Map<String, byte[]> files, RequestKey key) {
    List<String> lines = new ArrayList<>();
    new TreeMap<>(files)
        .forEach(
            (name, bytes) -> {
              int number = 0;
              for (String row : rows(bytes)) {
                lines.add(name + " " + ++number + " " + key.hash(row));
              }
            });
    AtomicFiles.writeString(out, String.join("\n", lines) + "\n");
  }

  private static List<String> rows(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8)
        .lines()
        .map(String::strip)
        .filter(row -> !row.isEmpty())
        .toList();
  }

  /** Whether a row, as its line in the file was, is among those that were hashed. */
  public static boolean contains(Path hashes, String row, RequestKey key) {
    String wanted = key.hash(row.strip());
    return new String(Ledger.bytes(hashes), StandardCharsets.UTF_8)
        .lines()
        .anyMatch(line -> line.endsWith(" " + wanted));
  }
}
