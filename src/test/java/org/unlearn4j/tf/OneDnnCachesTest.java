package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On Linux and x86-64 alone: elsewhere oneDNN does not ask CPUID. */
class OneDnnCachesTest {
  private static void linux() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "this is about Linux on x86-64");
  }

  /**
   * Whatever the processor answers: no cache of a few bytes is left, and bfloat16 still computes.
   */
  @Test
  void noCacheIsTooSmallToBeOne() throws IOException {
    linux();
    try (TfRuntime runtime = new TfRuntime(Computation.of(Precision.BF16, Device.CPU))) {
      assertEquals(0, runtime.signatures());
    }
    int first = OneDnnCaches.firstLevel();
    assertTrue(first >= 16 << 10 && first <= 1 << 20, "first level: " + first);
  }

  /** The symbol table against the loader: an exported function lies where JNA finds it. */
  @Test
  void symbolsLieWhereTheLoaderPutsThem() throws IOException {
    linux();
    TfDevices.version();
    String exported = "TF_Version";
    long loader =
        com.sun.jna.Pointer.nativeValue(
            com.sun.jna.NativeLibrary.getInstance("libtensorflow_cc.so.2").getFunction(exported));
    assertEquals(
        Map.of(exported, loader),
        LibrarySymbols.addresses("libtensorflow_cc.so.2", List.of(exported, "no_such_symbol")));
  }

  @Test
  void otherFilesHaveNoSymbols(@TempDir Path folder) throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "not a library. ".repeat(20));
    assertEquals(Map.of(), LibrarySymbols.values(text, List.of("main")));
    assertEquals(Map.of(), LibrarySymbols.addresses("libnobodyloaded.so", List.of("main")));
  }
}
