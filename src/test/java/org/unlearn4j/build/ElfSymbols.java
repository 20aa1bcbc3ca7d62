package org.unlearn4j.build;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a shared library asks of others and what it gives them: the tables of its ELF file that the
 * dynamic linker reads (System V ABI, and the GNU extension for versions of symbols). 64 bits,
 * little-endian.
 *
 * @param needed names of the libraries that it is linked against
 * @param wanted symbols without which it does not load (weak ones are not among them)
 * @param given symbols that it defines
 */
record ElfSymbols(List<String> needed, Set<Symbol> wanted, Set<Symbol> given) {

  /**
   * A symbol of the dynamic table.
   *
   * @param version that it is bound to, for instance {@code GLIBC_2.2.5}; empty for none
   */
  record Symbol(String name, String version) {}

  /** A section header: where something lies and what it belongs to. */
  private record Section(int type, int offset, int size, int link, int info) {}

  private static final int DYNAMIC = 6;
  private static final int SYMBOLS = 11;
  private static final int VERSIONS_GIVEN = 0x6ffffffd;
  private static final int VERSIONS_NEEDED = 0x6ffffffe;
  private static final int VERSION_OF_SYMBOL = 0x6fffffff;
  private static final int DT_NEEDED = 1;
  private static final int STB_LOCAL = 0;
  private static final int STB_WEAK = 2;

  /** Reads a file of less than 2 GiB. */
  static ElfSymbols read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return of(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
    }
  }

  static ElfSymbols of(ByteBuffer bytes) {
    ByteBuffer elf = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    if (elf.getInt(0) != 0x464c457f || elf.get(4) != 2 || elf.get(5) != 1) {
      throw new IllegalArgumentException("no ELF file of 64 bits, little-endian");
    }
    List<Section> sections = sections(elf);
    Map<Integer, String> versions = versions(elf, sections);
    List<String> needed = new ArrayList<>();
    Set<Symbol> wanted = new LinkedHashSet<>();
    Set<Symbol> given = new LinkedHashSet<>();
    for (Section section : sections) {
      if (section.type == DYNAMIC) {
        needed.addAll(needed(elf, section, sections.get(section.link)));
      }
      if (section.type == SYMBOLS) {
        symbols(elf, section, sections, versions, wanted, given);
      }
    }
    return new ElfSymbols(needed, wanted, given);
  }

  private static List<Section> sections(ByteBuffer elf) {
    long table = elf.getLong(0x28);
    int size = elf.getShort(0x3a);
    int count = Short.toUnsignedInt(elf.getShort(0x3c));
    List<Section> sections = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = Math.toIntExact(table) + i * size;
      long offset = elf.getLong(at + 0x18);
      long length = elf.getLong(at + 0x20);
      // What takes no place in the file (.bss) may have any length.
      boolean inFile = offset + length <= elf.limit();
      sections.add(
          new Section(
              elf.getInt(at + 4),
              inFile ? (int) offset : 0,
              inFile ? (int) length : 0,
              elf.getInt(at + 0x28),
              elf.getInt(at + 0x2c)));
    }
    return sections;
  }

  private static List<String> needed(ByteBuffer elf, Section dynamic, Section names) {
    List<String> needed = new ArrayList<>();
    for (int at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
      if (elf.getLong(at) == DT_NEEDED) {
        needed.add(text(elf, names, (int) elf.getLong(at + 8)));
      }
    }
    return needed;
  }

  private static void symbols(
      ByteBuffer elf,
      Section table,
      List<Section> sections,
      Map<Integer, String> versions,
      Set<Symbol> wanted,
      Set<Symbol> given) {
    Section names = sections.get(table.link);
    Section bound =
        sections.stream().filter(s -> s.type == VERSION_OF_SYMBOL).findFirst().orElse(null);
    for (int i = 1; i < table.size / 24; i++) { // the first one is none
      int at = table.offset + 24 * i;
      int binding = (elf.get(at + 4) & 0xff) >> 4;
      int version = bound == null ? 0 : elf.getShort(bound.offset + 2 * i) & 0x7fff;
      Symbol symbol =
          new Symbol(text(elf, names, elf.getInt(at)), versions.getOrDefault(version, ""));
      boolean defined = elf.getShort(at + 6) != 0;
      if (binding != STB_LOCAL && defined) {
        given.add(symbol);
      } else if (binding != STB_LOCAL && binding != STB_WEAK) {
        wanted.add(symbol);
      }
    }
  }

  /** Names of versions by the number that symbols have; 0 and 1 are none. */
  private static Map<Integer, String> versions(ByteBuffer elf, List<Section> sections) {
    Map<Integer, String> versions = new HashMap<>();
    for (Section section : sections) {
      if (section.type == VERSIONS_NEEDED) {
        needed(elf, section, sections.get(section.link), versions);
      }
      if (section.type == VERSIONS_GIVEN) {
        given(elf, section, sections.get(section.link), versions);
      }
    }
    return versions;
  }

  /** One entry a library, with one each of its versions. */
  private static void needed(
      ByteBuffer elf, Section section, Section names, Map<Integer, String> versions) {
    int at = section.offset;
    for (int i = 0; i < section.info; i++) {
      int version = at + elf.getInt(at + 8);
      for (int j = 0; j < elf.getShort(at + 2); j++) {
        int number = elf.getShort(version + 6) & 0x7fff;
        versions.put(number, text(elf, names, elf.getInt(version + 8)));
        version += elf.getInt(version + 12);
      }
      at += elf.getInt(at + 12);
    }
  }

  /** One entry a version; the first names the library itself. */
  private static void given(
      ByteBuffer elf, Section section, Section names, Map<Integer, String> versions) {
    int at = section.offset;
    for (int i = 0; i < section.info; i++) {
      int number = elf.getShort(at + 4) & 0x7fff;
      int name = elf.getInt(at + elf.getInt(at + 12));
      if (number > 1) {
        versions.put(number, text(elf, names, name));
      }
      at += elf.getInt(at + 16);
    }
  }

  private static String text(ByteBuffer elf, Section names, int offset) {
    int from = names.offset + offset;
    int to = from;
    while (elf.get(to) != 0) {
      to++;
    }
    byte[] text = new byte[to - from];
    elf.get(from, text);
    return new String(text, StandardCharsets.UTF_8);
  }
}
