package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Libraries in name only: the dynamic linker takes them, and who calls them is told. */
class StandInTest {
  @TempDir Path temp;

  /** Loads a library in a process of its own, as {@code System.load} does. */
  static final class Loader {
    private Loader() {}

    public static void main(String[] args) {
      System.load(args[0]);
      System.out.println("loaded");
    }
  }

  private record End(int code, String output) {}

  private End load(byte[] library) throws IOException, InterruptedException {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "stand-ins are for Linux on x86-64");
    Path file = temp.resolve("libof.so.1");
    Files.write(file, library);
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                List.of(
                    java,
                    "-XX:-CreateCoredumpOnCrash",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Loader.class.getName(),
                    file.toString()))
            .redirectErrorStream(true)
            .directory(temp.toFile())
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new End(process.waitFor(), output);
  }

  private static List<ElfSymbols.Symbol> functions(int count, String version) {
    List<ElfSymbols.Symbol> functions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      functions.add(new ElfSymbols.Symbol("ofFunction" + i, version));
    }
    return functions;
  }

  @Test
  void hasTheFunctionsAndTheirVersions() {
    List<ElfSymbols.Symbol> functions = functions(300, "libof.so.1");
    functions.addAll(List.of(new ElfSymbols.Symbol("older", "OF_0.9")));
    functions.add(new ElfSymbols.Symbol("bare", ""));
    ElfSymbols read = ElfSymbols.of(ByteBuffer.wrap(StandIn.of("libof.so.1", functions)));
    assertEquals(new LinkedHashSet<>(functions), read.given());
    assertEquals(Set.of(), read.wanted());
    assertEquals(List.of(), read.needed());
  }

  @Test
  void isLoaded() throws IOException, InterruptedException {
    End end = load(StandIn.of("libof.so.1", functions(300, "libof.so.1")));
    assertEquals(0, end.code(), end.output());
    assertTrue(end.output().contains("loaded"), end.output());
  }

  /** Java calls the function of this name in every library that it loads. */
  @Test
  void saysWhatWasCalledAndEnds() throws IOException, InterruptedException {
    List<ElfSymbols.Symbol> functions = functions(300, "libof.so.1");
    functions.add(150, new ElfSymbols.Symbol("JNI_OnLoad", "libof.so.1"));
    End end = load(StandIn.of("libof.so.1", functions));
    assertEquals(134, end.code(), end.output());
    assertTrue(
        end.output().contains("libof.so.1: JNI_OnLoad was called, and this bundle has the library"),
        end.output());
    assertTrue(!end.output().contains("loaded"), end.output());
  }
}
