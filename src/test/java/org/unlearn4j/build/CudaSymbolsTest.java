package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The CUDA builds of both runtimes against the libraries of {@code make gpu-libs}: what one asks
 * for the other has, function by function. A provider that lacks one does not load, which on a
 * machine without a card nobody would see.
 */
@Tag("slow")
class CudaSymbolsTest {
  private static final Path CUDA = Path.of("build/cuda");
  private static final Path LIB = Path.of("target/dist/lib");

  @TempDir Path temp;

  /** A library out of a jar of the CUDA build's dist folder. */
  private ElfSymbols library(String jar, String name) throws IOException {
    Optional<Path> found = Optional.empty();
    if (Files.isDirectory(LIB)) {
      try (Stream<Path> files = Files.list(LIB)) {
        found = files.filter(f -> String.valueOf(f.getFileName()).matches(jar)).findFirst();
      }
    }
    assumeTrue(found.isPresent(), "no CUDA build in target/dist: make build GPU=1");
    assumeTrue(Files.isDirectory(CUDA), "no build/cuda: make gpu-libs");
    Path file = temp.resolve(name);
    try (ZipFile zip = new ZipFile(found.get().toFile())) {
      ZipEntry entry =
          zip.stream().filter(e -> e.getName().endsWith("/" + name)).findFirst().orElseThrow();
      try (InputStream in = zip.getInputStream(entry)) {
        Files.copy(in, file);
      }
    }
    ElfSymbols symbols = ElfSymbols.read(file);
    Files.delete(file);
    return symbols;
  }

  /** Every function of CUDA's libraries, with the version that programs are linked with. */
  private static Set<ElfSymbols.Symbol> given() throws IOException {
    Set<ElfSymbols.Symbol> given = new LinkedHashSet<>();
    try (Stream<Path> files = Files.list(CUDA)) {
      for (Path file : files.filter(f -> f.toString().contains(".so.")).toList()) {
        given.addAll(ElfSymbols.read(file).given());
      }
    }
    return given;
  }

  /** CUDA's, by name; the driver's own begin with cu and a capital letter. */
  private static boolean cudas(String name) {
    return name.matches("(__cuda|cu[a-z]|nv[a-zA-Z]|nccl).*");
  }

  private static List<String> missing(ElfSymbols runtime) throws IOException {
    Set<ElfSymbols.Symbol> given = given();
    List<String> missing = new ArrayList<>();
    runtime.wanted().stream()
        .filter(s -> cudas(s.name()) && !given.contains(s))
        .forEach(s -> missing.add(s.name() + " of " + s.version()));
    return missing;
  }

  @Test
  void onnxRuntimesProviderFindsEveryFunction() throws IOException {
    ElfSymbols provider = library("onnxruntime_gpu-.*[.]jar", "libonnxruntime_providers_cuda.so");
    assertTrue(
        provider.wanted().contains(new ElfSymbols.Symbol("cudaMalloc", "libcudart.so.12")),
        "else nothing was read");
    assertEquals(List.of(), missing(provider));
    Set<String> listed = new TreeSet<>();
    for (String line : Files.readAllLines(Path.of("src/main/dist/etc/cuda-libraries.txt"))) {
      if (line.contains("onnxruntime") && line.startsWith("lib")) {
        listed.add(line.split(" ", -1)[0]);
      }
    }
    Set<String> linked = new TreeSet<>(provider.needed());
    linked.removeIf(n -> !cudas(n.substring("lib".length())) || n.equals("libcuda.so.1"));
    assertTrue(listed.containsAll(linked), linked + " in " + listed);
  }

  /** TensorFlow opens CUDA by name, so it is linked against none of it. */
  @Test
  void tensorFlowIsLinkedAgainstNothing() throws IOException {
    for (String name : List.of("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")) {
      ElfSymbols tensorFlow = library("tensorflow-core-native-.*-linux-x86_64-gpu[.]jar", name);
      assertTrue(tensorFlow.wanted().size() > 100, "else nothing was read");
      assertEquals(List.of(), missing(tensorFlow), name);
      assertTrue(
          tensorFlow.needed().stream().noneMatch(n -> cudas(n.substring("lib".length()))),
          tensorFlow.needed().toString());
    }
  }
}
