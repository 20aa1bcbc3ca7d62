package org.unlearn4j.requests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.unlearn4j.base.Hashes;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.ledger.History;
import org.unlearn4j.ledger.RequestKey;
import org.unlearn4j.ledger.SealedRows;

/**
 * A folder of requests: {@code requests.yaml}, the ledger, {@code shared/} with rows that every run
 * keeps or is measured by, {@code runs/}, and a folder for each request.
 *
 * @param key for rows that are sealed
 */
public record RequestFolder(Path root, Optional<RequestKey> key) {
  /** What every request's folder holds. */
  public static final String REQUEST = "request.yaml";

  /** Where {@code prepare} says why each row is there; it quotes them. */
  public static final String REVIEW = "review.jsonl";

  static final String FORGET = "forget.jsonl";
  static final String PERTURBED = "forget_perturbed.jsonl";
  static final String RETAIN = "retain.jsonl";

  /** Files with rows that a request may have. */
  static final List<String> ROWS = List.of(FORGET, PERTURBED, RETAIN);

  private static final String SHARED = "shared";
  private static final String RUNS = "runs";

  /** Rows that all requests share. */
  Path shared() {
    return root.resolve(SHARED);
  }

  /** What runs made. */
  Path runs() {
    return root.resolve(RUNS);
  }

  /** A request's own folder. */
  public Path request(String name) {
    return root.resolve(name);
  }

  /**
   * Names of all requests, sorted.
   *
   * @throws UserException if a name cannot be one
   */
  public List<String> names() {
    if (!Files.isDirectory(root)) {
      throw UserException.at(root, "", "no such folder", "a folder of requests");
    }
    List<String> names;
    try (Stream<Path> list = Files.list(root)) {
      names =
          list.filter(p -> Files.isRegularFile(p.resolve(REQUEST)))
              .map(p -> p.getFileName().toString())
              .sorted()
              .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new MachineException(root + ": could not be listed (" + e + ").", e);
    }
    for (String name : names) {
      if (!name.matches("[A-Za-z0-9][A-Za-z0-9_-]*") || name.equals(SHARED) || name.equals(RUNS)) {
        throw UserException.at(
            root.resolve(name),
            "",
            "this name of a request",
            "letters, digits, - and _, and neither " + SHARED + " nor " + RUNS);
      }
    }
    return names;
  }

  /**
   * The rows of a request, content by file name; sealed ones are opened.
   *
   * @param history says how the request stands and what its files were
   * @throws UserException if there are none, they are not those of the ledger, or a key is needed
   */
  SortedMap<String, byte[]> rows(String name, History history) {
    Path folder = request(name);
    Path sealed = folder.resolve(SealedRows.FILE);
    SortedMap<String, byte[]> rows;
    if (Files.isRegularFile(sealed)) {
      RequestKey opener =
          key.orElseThrow(
              () ->
                  UserException.at(
                      sealed, "", "sealed rows and no key", "--key FILE to open them"));
      rows = SealedRows.read(sealed, name, opener);
    } else {
      rows = clear(folder);
    }
    if (!rows.containsKey(FORGET)) {
      throw UserException.at(folder, "", "no " + FORGET, "the rows that are to be forgotten");
    }
    history
        .step(name)
        .map(step -> step.what().requests().get(name))
        .ifPresent(known -> requireSame(folder, rows, known));
    return rows;
  }

  /** Files with rows as they lie in a folder. */
  static SortedMap<String, byte[]> clear(Path folder) {
    SortedMap<String, byte[]> rows = new TreeMap<>();
    for (String file : ROWS) {
      Path path = folder.resolve(file);
      if (Files.isRegularFile(path)) {
        rows.put(file, bytes(path));
      }
    }
    return rows;
  }

  private static void requireSame(
      Path folder, Map<String, byte[]> rows, Map<String, String> known) {
    for (Map.Entry<String, String> file : known.entrySet()) {
      byte[] bytes = rows.get(file.getKey());
      if (ROWS.contains(file.getKey())
          && (bytes == null || !sha256(bytes).equals(file.getValue()))) {
        throw UserException.at(
            folder.resolve(file.getKey()),
            "",
            bytes == null ? "no such file" : "other rows than were forgotten",
            "the file with the SHA-256 " + file.getValue() + ", as the ledger has it");
      }
    }
  }

  /** SHA-256 of a new request's files. */
  SortedMap<String, String> hashes(String name, Map<String, byte[]> rows) {
    SortedMap<String, String> hashes = new TreeMap<>();
    rows.forEach((file, bytes) -> hashes.put(file, sha256(bytes)));
    hashes.put(REQUEST, Hashes.sha256(request(name).resolve(REQUEST)));
    return hashes;
  }

  static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(Hashes.digest().digest(bytes));
  }

  static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new MachineException(file + ": could not be read (" + e + ").", e);
    }
  }
}
