package org.unlearn4j.build;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a shared library (x86-64 Linux, System V ABI) that has the name and every function of
 * another one, with its versions, and none of its work: a function that is called writes a sentence
 * to standard error and ends the process as {@code abort} does. It needs no other library, no
 * relocation and no compiler. Part of the build, without any library:
 *
 * <pre>java org.unlearn4j.build.StandIn LIBRARY FILE</pre>
 */
final class StandIn {
  private static final int PAGE = 4096;
  private static final int HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int SECTION_HEADER = 64;
  private static final int SYMBOL = 24;
  private static final int VERSION = 28;

  /** {@code lea rsi, [rip + text]; mov edx, length; jmp END}. */
  private static final int CALL = 17;

  /**
   * {@code write(2, rsi, edx); kill(getpid(), SIGABRT); exit_group(134)}, by the numbers of Linux.
   */
  private static final int[] END = {
    0xb8,
    1,
    0,
    0,
    0,
    0xbf,
    2,
    0,
    0,
    0,
    0x0f,
    0x05, // eax = 1, edi = 2, syscall
    0xb8,
    39,
    0,
    0,
    0,
    0x0f,
    0x05,
    0x89,
    0xc7, // eax = 39, syscall, edi = eax
    0xbe,
    6,
    0,
    0,
    0,
    0xb8,
    62,
    0,
    0,
    0,
    0x0f,
    0x05, // esi = 6, eax = 62, syscall
    0xbf,
    134,
    0,
    0,
    0,
    0xb8,
    231,
    0,
    0,
    0,
    0x0f,
    0x05 // edi = 134, eax = 231, syscall
  };

  private final String name;
  private final List<ElfSymbols.Symbol> functions;

  /** Versions by their number; 1 is the library itself. */
  private final Map<String, Integer> versions = new LinkedHashMap<>();

  private final ByteArrayOutputStream names = new ByteArrayOutputStream();

  private StandIn(String name, List<ElfSymbols.Symbol> functions) {
    this.name = name;
    this.functions = functions;
    versions.put(name, 1);
    for (ElfSymbols.Symbol f : functions) {
      if (!f.version().isEmpty()) {
        versions.putIfAbsent(f.version().equals(name) ? "" : f.version(), versions.size() + 1);
      }
    }
    names.write(0);
  }

  /** See the class. */
  public static void main(String[] args) throws IOException {
    Path library = Path.of(args[0]);
    Path to = Path.of(args[1]);
    Files.write(to, of(String.valueOf(to.getFileName()), List.copyOf(given(library))));
  }

  private static List<ElfSymbols.Symbol> given(Path library) throws IOException {
    List<ElfSymbols.Symbol> given = new ArrayList<>(ElfSymbols.read(library).given());
    given.removeIf(s -> s.name().equals(s.version())); // the version's own entry
    return given;
  }

  /**
   * The bytes of such a library.
   *
   * @param name as the dynamic linker asks for it, for instance {@code libcufft.so.11}
   */
  static byte[] of(String name, List<ElfSymbols.Symbol> functions) {
    return new StandIn(name, functions).bytes();
  }

  private String sentence(String function) {
    return name
        + ": "
        + function
        + " was called, and this bundle has the library in name only; take the whole one (make gpu-bundle).\n";
  }

  private byte[] bytes() {
    int n = functions.size();
    int[] at = functions.stream().mapToInt(f -> string(f.name())).toArray();
    List<String> versionNames = new ArrayList<>();
    versions.keySet().forEach(v -> versionNames.add(v.isEmpty() ? name : v));
    int[] versionAt = versionNames.stream().mapToInt(this::string).toArray();

    int buckets = Math.max(1, n / 2);
    int hash = HEADER + 4 * PROGRAM_HEADER;
    int symbols = aligned(hash + 4 * (2 + buckets + n + 1), 8);
    int strings = symbols + SYMBOL * (n + 1);
    int versionOf = aligned(strings + names.size(), 4);
    int versionTable = aligned(versionOf + 2 * (n + 1), 8);
    int code = aligned(versionTable + VERSION * versionAt.length, 16);
    int texts = code + END.length + CALL * n;
    List<byte[]> sentences = new ArrayList<>();
    int end = texts;
    for (ElfSymbols.Symbol f : functions) {
      byte[] sentence = sentence(f.name()).getBytes(StandardCharsets.UTF_8);
      sentences.add(sentence);
      end += sentence.length;
    }
    int dynamic = aligned(end, PAGE);
    int dynamicSize = 16 * 10;
    byte[] sectionNames = "\0.s\0".getBytes(StandardCharsets.UTF_8);
    int sectionText = dynamic + dynamicSize;
    int sections = aligned(sectionText + sectionNames.length, 8);
    ByteBuffer elf =
        ByteBuffer.allocate(sections + 8 * SECTION_HEADER).order(ByteOrder.LITTLE_ENDIAN);

    header(elf, sections);
    program(elf, 1, 5, 0, end, PAGE); // PT_LOAD, read and execute
    program(elf, 1, 6, dynamic, dynamicSize, PAGE); // PT_LOAD, read and write
    program(elf, 2, 6, dynamic, dynamicSize, 8); // PT_DYNAMIC
    program(elf, 0x6474e551, 6, 0, 0, 16); // PT_GNU_STACK: not executable

    hashTable(elf.position(hash), buckets);
    elf.position(symbols + SYMBOL);
    for (int i = 0; i < n; i++) {
      elf.putInt(at[i]).put((byte) 0x12).put((byte) 0).putShort((short) 5); // global function
      elf.putLong(code + END.length + (long) CALL * i).putLong(CALL);
    }
    elf.position(strings).put(names.toByteArray());
    elf.position(versionOf + 2);
    for (ElfSymbols.Symbol f : functions) {
      String version = f.version().equals(name) ? "" : f.version();
      elf.putShort((short) (f.version().isEmpty() ? 1 : (int) versions.get(version)));
    }
    versionTable(elf.position(versionTable), versionNames, versionAt);
    elf.position(code);
    for (int b : END) {
      elf.put((byte) b);
    }
    int text = texts;
    for (int i = 0; i < n; i++) {
      int next = code + END.length + CALL * i;
      elf.put(new byte[] {0x48, (byte) 0x8d, 0x35}).putInt(text - (next + 7));
      elf.put((byte) 0xba).putInt(sentences.get(i).length);
      elf.put((byte) 0xe9).putInt(code - (next + CALL));
      text += sentences.get(i).length;
    }
    sentences.forEach(elf::put);
    elf.position(dynamic);
    tag(elf, 14, versionAt[0]); // DT_SONAME
    tag(elf, 4, hash);
    tag(elf, 5, strings);
    tag(elf, 6, symbols);
    tag(elf, 10, names.size());
    tag(elf, 11, SYMBOL);
    tag(elf, 0x6ffffff0, versionOf);
    tag(elf, 0x6ffffffc, versionTable);
    tag(elf, 0x6ffffffd, versionAt.length);
    tag(elf, 0, 0);
    elf.put(sectionNames);
    elf.position(sections + SECTION_HEADER);
    section(elf, 5, hash, symbols - hash, 2, 0, 4); // 1: SHT_HASH
    section(elf, 11, symbols, SYMBOL * (n + 1), 3, 1, SYMBOL); // 2: SHT_DYNSYM
    section(elf, 3, strings, names.size(), 0, 0, 0); // 3: SHT_STRTAB
    section(elf, 0x6fffffff, versionOf, 2 * (n + 1), 2, 0, 2); // 4: the version of each symbol
    section(elf, 1, code, end - code, 0, 0, 0); // 5: SHT_PROGBITS, where symbols lie
    section(elf, 0x6ffffffd, versionTable, VERSION * versionAt.length, 3, versionAt.length, 0);
    section(elf, 6, dynamic, dynamicSize, 3, 0, 16); // 7: SHT_DYNAMIC
    return elf.array();
  }

  /** A name's place in the table of names, where it is put. */
  private int string(String text) {
    int at = names.size();
    names.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    names.write(0);
    return at;
  }

  private static int aligned(int at, int to) {
    return (at + to - 1) / to * to;
  }

  private static void header(ByteBuffer elf, int sections) {
    elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16); // 64 bits, little-endian
    elf.putShort((short) 3).putShort((short) 62).putInt(1); // a shared object, x86-64
    elf.putLong(0).putLong(HEADER).putLong(sections).putInt(0);
    elf.putShort((short) HEADER).putShort((short) PROGRAM_HEADER).putShort((short) 4);
    elf.putShort((short) SECTION_HEADER).putShort((short) 8).putShort((short) 3);
  }

  private static void program(ByteBuffer elf, int type, int flags, int at, int size, int align) {
    elf.putInt(type).putInt(flags).putLong(at).putLong(at).putLong(at);
    elf.putLong(size).putLong(size).putLong(align);
  }

  private static void section(
      ByteBuffer elf, int type, int at, int size, int link, int info, int entry) {
    elf.putInt(1).putInt(type).putLong(type == 1 ? 6 : 2).putLong(at).putLong(at).putLong(size);
    elf.putInt(link).putInt(info).putLong(8).putLong(entry);
  }

  private static void tag(ByteBuffer elf, int tag, int value) {
    elf.putLong(tag).putLong(value);
  }

  /** Chains of the symbols whose hashes fall together; symbol 0 ends each. */
  private void hashTable(ByteBuffer elf, int buckets) {
    int n = functions.size();
    int[] first = new int[buckets];
    int[] next = new int[n + 1];
    for (int i = n; i > 0; i--) {
      int bucket = Integer.remainderUnsigned(hash(functions.get(i - 1).name()), buckets);
      next[i] = first[bucket];
      first[bucket] = i;
    }
    elf.putInt(buckets).putInt(n + 1);
    for (int i : first) {
      elf.putInt(i);
    }
    for (int i : next) {
      elf.putInt(i);
    }
  }

  private static void versionTable(ByteBuffer elf, List<String> versions, int[] at) {
    for (int i = 0; i < at.length; i++) {
      elf.putShort((short) 1).putShort((short) (i == 0 ? 1 : 0)); // the first is the library's own
      elf.putShort((short) (i + 1)).putShort((short) 1).putInt(hash(versions.get(i)));
      elf.putInt(20).putInt(i + 1 < at.length ? VERSION : 0);
      elf.putInt(at[i]).putInt(0);
    }
  }

  /** The hash function of the System V ABI. */
  private static int hash(String text) {
    int h = 0;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      h = (h << 4) + (b & 0xff);
      int high = h & 0xf0000000;
      h = (h ^ (high >>> 24)) & ~high;
    }
    return h;
  }
}
