package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Libraries of which everybody knows what is in them: the C library and this Java's own. */
class ElfSymbolsTest {
  @BeforeAll
  static void onLinux() {
    String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    assumeTrue(system.equals("Linux amd64"), "versions of the C library are those of " + system);
  }

  private static ElfSymbols java(String library) throws IOException {
    return ElfSymbols.read(Path.of(System.getProperty("java.home"), "lib", library));
  }

  /** The C library of this process. */
  private static ElfSymbols c() throws IOException {
    String line =
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
            .filter(l -> l.contains("/libc.so.6"))
            .findFirst()
            .orElseThrow();
    return ElfSymbols.read(Path.of(line.substring(line.indexOf('/'))));
  }

  private static Set<String> jvm(Set<ElfSymbols.Symbol> symbols) {
    return symbols.stream()
        .map(ElfSymbols.Symbol::name)
        .filter(n -> n.startsWith("JVM_"))
        .collect(Collectors.toSet());
  }

  @Test
  void whatTheCLibraryGives() throws IOException {
    ElfSymbols c = c();
    // The oldest version that the platform has; memcpy was changed in 2.14 and is there twice.
    assertTrue(c.given().contains(new ElfSymbols.Symbol("malloc", "GLIBC_2.2.5")));
    assertTrue(c.given().contains(new ElfSymbols.Symbol("memcpy", "GLIBC_2.2.5")));
    assertTrue(c.given().contains(new ElfSymbols.Symbol("memcpy", "GLIBC_2.14")));
    assertTrue(!c.given().contains(new ElfSymbols.Symbol("malloc", "GLIBC_2.14")));
    assertEquals(Set.of(), jvm(c.given()));
    assertTrue(c.needed().stream().allMatch(n -> n.startsWith("ld-linux")), c.needed().toString());
  }

  /** What the class library asks of the virtual machine, the machine gives, and nobody else. */
  @Test
  void whatOneAsksTheOtherGives() throws IOException {
    ElfSymbols library = java("libjava.so");
    ElfSymbols machine = java("server/libjvm.so");
    assertTrue(library.needed().contains("libjvm.so"), library.needed().toString());
    assertTrue(library.needed().contains("libc.so.6"), library.needed().toString());
    assertTrue(jvm(library.wanted()).contains("JVM_GetClassModifiers"), "of java.lang.Class");
    assertTrue(jvm(machine.given()).containsAll(jvm(library.wanted())));
    assertEquals(Set.of(), jvm(machine.wanted()));
    assertEquals(Set.of(), jvm(library.given()));
    assertTrue(
        library.wanted().stream()
            .anyMatch(s -> s.version().startsWith("GLIBC_") && c0(s.name()).contains(s)),
        "versions are read on both sides");
  }

  private static Set<ElfSymbols.Symbol> c0(String name) {
    try {
      return c().given().stream().filter(s -> s.name().equals(name)).collect(Collectors.toSet());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void anythingElseIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> ElfSymbols.of(ByteBuffer.wrap(new byte[128])));
  }
}
