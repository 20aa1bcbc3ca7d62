package org.unlearn4j.ledger;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * A ledger as it was read: a file {@code ledger.jsonl} of records, each with the hash of the one
 * before. It is written whole or not at all, and only ever longer.
 */
public final class Ledger {
  /** Its name in the folder of requests. */
  public static final String FILE = "ledger.jsonl";

  private final Path file;
  private final Clock clock;
  private final List<Entry> entries;

  private Ledger(Path file, Clock clock, List<Entry> entries) {
    this.file = file;
    this.clock = clock;
    this.entries = List.copyOf(entries);
  }

  /** See {@link #read(Path, Clock)}. */
  public static Ledger read(Path folder) {
    return read(folder, Clock.systemUTC());
  }

  /**
   * Reads the ledger of a folder; one that is not there is empty.
   *
   * @param clock for the times of records
   * @throws UserException naming every record that is not what it was, one sentence each
   */
  public static Ledger read(Path folder, Clock clock) {
    Path file = folder.resolve(FILE);
    ChainCheck.Result result = ChainCheck.of(file);
    if (!result.mistakes().isEmpty()) {
      throw new UserException(String.join("\n", result.mistakes()));
    }
    return new Ledger(file, clock, result.entries());
  }

  /** All records, the first one first. */
  public List<Entry> entries() {
    return entries;
  }

  /** Hash of the last record; {@link Entry#NO_PARENT} where there is none. */
  public String last() {
    return entries.isEmpty() ? Entry.NO_PARENT : entries.get(entries.size() - 1).hash();
  }

  /** What follows from the records. */
  public History history() {
    return History.of(entries);
  }

  /**
   * Adds a record, whole or not at all. Whoever calls holds the lock of the folder.
   *
   * @throws MachineException if the disk refuses
   * @throws UserException if the file is not the one that was read any more
   */
  public Ledger append(Entry.Kind kind, ObjectNode content) {
    if (!Ledger.read(file.toAbsolutePath().getParent(), clock).last().equals(last())) {
      throw UserException.at(file, "", "a ledger that changed meanwhile", "the one that was read");
    }
    String at = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    Entry entry = Entry.after(entries.size(), last(), at, kind, content);
    byte[] before = bytes(file);
    byte[] line = (entry.line() + "\n").getBytes(StandardCharsets.UTF_8);
    AtomicFiles.writeFile(
        file,
        beside -> {
          try (var out = Files.newOutputStream(beside)) {
            out.write(before);
            out.write(line);
          }
        });
    List<Entry> longer = new ArrayList<>(entries);
    longer.add(entry);
    return new Ledger(file, clock, longer);
  }

  /** Of a file; none where there is none. */
  static byte[] bytes(Path file) {
    try {
      return Files.isRegularFile(file) ? Files.readAllBytes(file) : new byte[0];
    } catch (IOException e) {
      throw new MachineException(file + ": could not be read (" + e + ").", e);
    }
  }
}
