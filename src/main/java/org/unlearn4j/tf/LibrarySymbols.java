package org.unlearn4j.tf;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where functions and data of a shared library lie in this process that the library does not
 * export: addresses from the symbol table of its file. For ELF of 64 bits, little-endian, as on
 * Linux. The file is read in pieces and not mapped: a mapping would count as this process's memory
 * until it is collected.
 */
final class LibrarySymbols {
  private static final int MAGIC = 0x464c457f; // \x7fELF
  private static final int CLASS_64_LITTLE_ENDIAN = 0x0102;
  private static final int SYMBOL_TABLE = 2;
  private static final int LOADED_SEGMENT = 1;
  private static final int HEADER_BYTES = 64;
  private static final int SECTION_BYTES = 64;
  private static final int SYMBOL_BYTES = 24;
  private static final int PIECE = SYMBOL_BYTES << 16;

  private final FileChannel file;

  private LibrarySymbols(FileChannel file) {
    this.file = file;
  }

  private record Mapped(Path file, long base) {}

  private record Range(long from, long bytes) {}

  /**
   * Addresses in this process.
   *
   * @param library file name of a library that is loaded
   * @param names as the linker knows them
   * @return those that its file's symbol table has; none where the library is not loaded or its
   *     file has no such table
   * @throws IOException if the file cannot be read
   */
  static Map<String, Long> addresses(String library, List<String> names) throws IOException {
    Optional<Mapped> mapped = mapped(library);
    if (mapped.isEmpty()) {
      return Map.of();
    }
    Map<String, Long> found = values(mapped.get().file, names);
    found.replaceAll((name, value) -> mapped.get().base + value);
    return found;
  }

  /** Where the loader put the beginning of the library's file. */
  private static Optional<Mapped> mapped(String library) throws IOException {
    Path maps = Path.of("/proc/self/maps");
    if (!Files.isReadable(maps)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(maps)) {
      // 7fbbb69fc000-7fbbbf9fc000 r--p 00000000 08:01 4711    /path/of/the/library
      return lines
          .map(line -> line.split("\\s+", 6))
          .filter(p -> p.length == 6 && p[5].endsWith("/" + library))
          .filter(p -> p[1].endsWith("p") && Long.parseLong(p[2], 16) == 0)
          .findFirst()
          .map(p -> new Mapped(Path.of(p[5]), Long.parseLong(p[0].split("-", -1)[0], 16)));
    }
  }

  /** Values of symbols, counted from the beginning of the file as it is mapped. */
  static Map<String, Long> values(Path path, List<String> names) throws IOException {
    try (FileChannel channel = FileChannel.open(path)) {
      return new LibrarySymbols(channel).values(names);
    }
  }

  private Map<String, Long> values(List<String> names) throws IOException {
    Map<String, Long> found = new HashMap<>();
    if (file.size() < HEADER_BYTES) {
      return found;
    }
    ByteBuffer header = read(0, HEADER_BYTES);
    if (header.getInt(0) != MAGIC
        || header.getShort(4) != CLASS_64_LITTLE_ENDIAN
        || !startsAtZero(header)) {
      return found;
    }
    int n = Short.toUnsignedInt(header.getShort(60));
    ByteBuffer sections = read(header.getLong(40), n * SECTION_BYTES);
    for (int s = 0; s < n; s++) {
      if (sections.getInt(s * SECTION_BYTES + 4) == SYMBOL_TABLE) {
        int texts = sections.getInt(s * SECTION_BYTES + 40);
        symbols(range(sections, s), places(range(sections, texts), names), found);
      }
    }
    return found;
  }

  /** Whether the first loaded segment is the file's beginning, at 0. */
  private boolean startsAtZero(ByteBuffer header) throws IOException {
    int bytes = Short.toUnsignedInt(header.getShort(54));
    int n = Short.toUnsignedInt(header.getShort(56));
    ByteBuffer segments = read(header.getLong(32), n * bytes);
    for (int i = 0; i < n; i++) {
      if (segments.getInt(i * bytes) == LOADED_SEGMENT) {
        return segments.getLong(i * bytes + 8) == 0 && segments.getLong(i * bytes + 16) == 0;
      }
    }
    return false;
  }

  private static Range range(ByteBuffer sections, int s) {
    return new Range(
        sections.getLong(s * SECTION_BYTES + 24), sections.getLong(s * SECTION_BYTES + 32));
  }

  /** Where among a section's texts the names stand. */
  private Map<Integer, String> places(Range texts, List<String> names) throws IOException {
    int overlap = names.stream().mapToInt(String::length).max().orElse(0) + 1;
    Map<Integer, String> places = new HashMap<>();
    for (long from = 0; from < texts.bytes; from += PIECE) {
      int n = (int) Math.min(PIECE + overlap, texts.bytes - from);
      String piece = new String(read(texts.from + from, n).array(), StandardCharsets.ISO_8859_1);
      for (String name : names) {
        String ended = name + '\0';
        for (int at = piece.indexOf(ended); at >= 0; at = piece.indexOf(ended, at + 1)) {
          places.put(Math.toIntExact(from + at), name);
        }
      }
    }
    return places;
  }

  private void symbols(Range table, Map<Integer, String> places, Map<String, Long> found)
      throws IOException {
    for (long from = 0; from < table.bytes; from += PIECE) {
      int n = (int) Math.min(PIECE, table.bytes - from);
      ByteBuffer piece = read(table.from + from, n);
      for (int at = 0; at + SYMBOL_BYTES <= n; at += SYMBOL_BYTES) {
        String name = places.get(piece.getInt(at));
        if (name != null) {
          found.put(name, piece.getLong(at + 8));
        }
      }
    }
  }

  private ByteBuffer read(long from, int bytes) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (into.hasRemaining()) {
      if (file.read(into, from + into.position()) < 0) {
        throw new EOFException("a table ends beyond the file");
      }
    }
    return into;
  }
}
