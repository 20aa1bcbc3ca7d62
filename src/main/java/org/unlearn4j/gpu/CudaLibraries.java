package org.unlearn4j.gpu;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** The list of {@code cuda-libraries.txt}, which the launcher reads too. */
final class CudaLibraries {
  private CudaLibraries() {}

  /**
   * A shared library.
   *
   * @param name as the dynamic linker looks for it, for instance {@code libcudnn.so.9}
   * @param neededBy {@code tensorflow}, {@code onnxruntime}, {@code system} or {@code optional}
   */
  record Library(String name, Set<String> neededBy) {
    Library {
      neededBy = Set.copyOf(neededBy);
    }

    /** The name without its version: {@code libcudnn.so}. */
    String stem() {
      return name.substring(0, name.indexOf(".so") + ".so".length());
    }

    boolean optional() {
      return neededBy.contains("optional");
    }
  }

  static List<Library> all() {
    try (InputStream in =
        Objects.requireNonNull(CudaLibraries.class.getResourceAsStream("cuda-libraries.txt"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .map(line -> List.of(line.strip().split(" +", -1)))
          .map(words -> new Library(words.get(0), Set.copyOf(words.subList(1, words.size()))))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those that must load for a runtime to use a GPU. */
  static List<Library> neededBy(String... runtimes) {
    return all().stream()
        .filter(l -> Arrays.stream(runtimes).anyMatch(l.neededBy()::contains))
        .toList();
  }
}
